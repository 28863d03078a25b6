/* Small qcow2 images, made by hand so that each byte can be wrong. */
#ifndef TEST_UNIT_QCOW2_TINY_H
#define TEST_UNIT_QCOW2_TINY_H

#include <stddef.h>
#include <stdint.h>

/* Of every image: clusters of 1 KiB, refcounts of 16 bits, a virtual disk of 1 MiB. One cluster each for: */
#define TINY_CLUSTER 1024u
#define TINY_SIZE (1024u * 1024)
#define TINY_HEADER 0u
#define TINY_REFCOUNT_TABLE (1 * TINY_CLUSTER)
#define TINY_REFCOUNT_BLOCK (2 * TINY_CLUSTER)
#define TINY_L1 (3 * TINY_CLUSTER)
#define TINY_L2 (4 * TINY_CLUSTER) /* of the first 128 KiB */
#define TINY_DATA (5 * TINY_CLUSTER) /* guest cluster 0, filled with 'A' */
#define TINY_CLUSTERS 8 /* two are free */

struct tiny {
	char path[64]; /* of the file that it was saved to, or "" */
	uint8_t bytes[256 * TINY_CLUSTER];
	size_t len;
};

/* A sound image in memory. */
void tiny_init(struct tiny *tiny, uint32_t version);
/* Big-endian numbers in it. */
void tiny_put16(struct tiny *tiny, size_t at, uint16_t value);
void tiny_put32(struct tiny *tiny, size_t at, uint32_t value);
void tiny_put64(struct tiny *tiny, size_t at, uint64_t value);
uint64_t tiny_get64(const struct tiny *tiny, size_t at);
/* The refcount of the cluster at this offset. */
uint16_t tiny_get_count(const struct tiny *tiny, size_t offset);
void tiny_count(struct tiny *tiny, size_t offset, uint16_t count);
/* Sets the L2 entry of a guest cluster. */
void tiny_map(struct tiny *tiny, unsigned int cluster, uint64_t entry);
/* Names a backing file, and its format unless that is NULL. */
void tiny_set_backing(struct tiny *tiny, const char *name, const char *format);

#endif
