/* Disks that are mostly zeroes, as a short string of bytes: what a fuzzer changes and keeps.
 *
 * The string: the size of the disks in KiB (32 bits), then pieces, each of a sector number (32 bits; the highest bit:
 * of the second disk), a length (16 bits), both little-endian, and that many bytes. Later pieces cover earlier ones. */
#ifndef TEST_FIRMWARE_SPARSE_DISK_H
#define TEST_FIRMWARE_SPARSE_DISK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "firmware/core/source.h"

#define SPARSE_MAX_KIB (512u << 10)
#define SPARSE_NR_DISKS 2

struct sparse_disk {
	struct source source; /* first */
	uint8_t **pages; /* of 4 KiB; NULL: zeroes */
	size_t nr_pages;
};

/* Makes both disks of a string, which may be any; sizes beyond SPARSE_MAX_KIB are cut. */
void sparse_load(struct sparse_disk disks[SPARSE_NR_DISKS], const uint8_t *bytes, size_t len);
void sparse_free(struct sparse_disk disks[SPARSE_NR_DISKS]);

/* Writes the pieces of a disk that are not zeroes; the size goes before those of the first. */
void sparse_write(FILE *file, unsigned int disk, const uint8_t *bytes, size_t len);

#endif
