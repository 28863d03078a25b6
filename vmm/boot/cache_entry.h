/* One entry's file: a header page, the image's bytes, its relocation lists, and the payload that they came from. */
#ifndef VMM_BOOT_CACHE_ENTRY_H
#define VMM_BOOT_CACHE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/boot/cache.h"
#include "vmm/boot/kernel.h"

/* The first `digest_bytes`, at most 64, of a SHA-512 digest. */
void cache_digest(uint8_t *digest, size_t digest_bytes, const void *data, size_t len);

/* Reads and checks the header. False if the file is not a whole entry of this version of mote, for any reason. The
 * bytes behind the header are not checked: that would take longer than unpacking them again. */
bool cache_entry_read(int fd, struct kernel_image *image, struct cache_origin *origin);

/* Whether a whole entry was made from this very payload. Compares each byte. */
bool cache_entry_is_from(int fd, const uint8_t *payload, size_t len);

/* Writes an entry to an empty file and sees it to the disk. `payload` has origin->payload_bytes; `unpacked` holds the
 * image's extents and lists. 0 or a negative errno. */
__attribute__((warn_unused_result)) int cache_entry_write(int fd, const uint8_t *payload, const uint8_t *unpacked,
							  const struct kernel_image *image,
							  const struct cache_origin *origin);

#endif
