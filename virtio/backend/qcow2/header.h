/* The header of a qcow2 image, and the bits of its table entries. */
#ifndef VIRTIO_BACKEND_QCOW2_HEADER_H
#define VIRTIO_BACKEND_QCOW2_HEADER_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>

#define QCOW2_MIN_CLUSTER_BITS 9
#define QCOW2_MAX_CLUSTER_BITS 21
#define QCOW2_HEADER_BYTES 112 /* of what is decoded; images may have less or more */
#define QCOW2_MAX_NAME_BYTES 1023

/* Where these fields of the header are: the ones that are rewritten. */
#define QCOW2_HEADER_REFCOUNT_TABLE 48 /* offset, then clusters */
#define QCOW2_HEADER_AUTOCLEAR 88

/* Entries of L1 and L2 tables. */
#define QCOW2_OFFSET_MASK UINT64_C(0x00fffffffffffe00)
#define QCOW2_COPIED (UINT64_C(1) << 63) /* the refcount is 1: may be written in place */
#define QCOW2_COMPRESSED (UINT64_C(1) << 62)
#define QCOW2_ZERO UINT64_C(1) /* version 3: reads as zeros, whatever the offset */
#define QCOW2_MAX_OFFSET (UINT64_C(1) << 56)

enum qcow2_compression {
	QCOW2_ZLIB,
	QCOW2_ZSTD,
};

/* In host order. */
struct qcow2_header {
	uint32_t version;
	uint32_t cluster_bits;
	uint64_t size_bytes; /* of the virtual disk; a multiple of 512, not 0 */
	uint64_t l1_offset;
	uint32_t l1_entries;
	uint64_t refcount_table_offset;
	uint32_t refcount_table_clusters;
	uint32_t refcount_order; /* entries are 1 << refcount_order bits wide */
	uint32_t nr_snapshots;
	uint64_t snapshots_offset;
	uint64_t autoclear;
	uint32_t header_bytes;
	enum qcow2_compression compression;
	uint64_t backing_offset;
	uint32_t backing_bytes;
	char backing_name[QCOW2_MAX_NAME_BYTES + 1]; /* "": no backing file */
	char backing_format[16]; /* "": not told; a longer one is cut */
};

/* Decodes and checks the fixed fields in the file's first bytes, of which there are `len`. `path` is for the line that
 * is logged. 0, -EINVAL or -ENOTSUP. */
__attribute__((warn_unused_result)) int qcow2_header_parse(const uint8_t *bytes, size_t len, const char *path,
							   struct qcow2_header *header);
/* Then what else is in the first cluster, which `cluster` holds as a whole: extensions, the backing file's name, and
 * the names of features that are refused. 0, -EINVAL or -ENOTSUP. */
__attribute__((warn_unused_result)) int qcow2_header_parse_rest(const uint8_t *cluster, const char *path,
								struct qcow2_header *header);

/* Big-endian numbers at any address. */
static inline uint32_t qcow2_be32(const void *at)
{
	uint32_t v;

	__builtin_memcpy(&v, at, sizeof(v));
	return be32toh(v);
}

static inline uint64_t qcow2_be64(const void *at)
{
	uint64_t v;

	__builtin_memcpy(&v, at, sizeof(v));
	return be64toh(v);
}

#endif
