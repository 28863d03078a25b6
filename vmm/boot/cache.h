/* Unpacked kernels, kept under $XDG_CACHE_HOME/mote (or $HOME/.cache/mote) so that the next start reads them straight
 * into guest memory.
 *
 * Theory of operation. An entry is a file named after 256 bits of a SHA-512 digest of the compressed payload that it
 * was unpacked from ("kernel-<digest>"), so equal kernels share one and no file can pass for another. Its first page
 * describes the image (struct kernel_image) and what it was made from; then come the image's bytes, without long runs
 * of zeros, its relocation lists, and the payload itself. Hashing 10 MB takes longer than all the rest of a warm start,
 * so a payload is looked up by comparing it with those of its length and end, and for files there is an index: a
 * symbolic link named after a kernel file's identity ("file-<dev>-<inode>-<size>-<mtime>-<ctime>") that points to the
 * entry. A file changes its identity whenever it changes, except within the resolution of its time stamps; so a file
 * that changed in the last few seconds is neither given a link nor looked up by one.
 *
 * Keeping a kernel (hashing, writing, syncing) takes longer than unpacking it, so it is done while the guest runs
 * already (keep.h). Everything is written under another name and
 * renamed when it is whole and on disk, so that starts can race and hosts can crash. Nothing here can fail a boot:
 * without a usable cache each start unpacks for itself. Nor can a guest whose disk brings the payload spoil another's
 * entry: an entry is found by nothing but the whole payload that it was unpacked from. */
#ifndef VMM_BOOT_CACHE_H
#define VMM_BOOT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/boot/bzimage.h"
#include "vmm/boot/kernel.h"

#define CACHE_DIGEST_BYTES 32
#define CACHE_TAIL_BYTES 64

/* All that the cache may hold before the least recently used entries go. */
#define CACHE_MAX_BYTES (512ull << 20)

/* What an entry was made from. */
struct cache_origin {
	uint8_t digest[CACHE_DIGEST_BYTES]; /* of the payload */
	uint64_t payload_bytes;
	uint8_t payload_tail[CACHE_TAIL_BYTES]; /* its last bytes */
};

#define CACHE_NAME_BYTES 160

/* One start's use of the cache: cache_open(), the finds in order, perhaps cache_store(), cache_close(). One thread at a
 * time. */
struct cache {
	int dir; /* -1: no cache */
	int kernel_fd; /* the caller's */
	char link_name[CACHE_NAME_BYTES]; /* of the kernel file; empty: it must not have one */
	char entry_name[CACHE_NAME_BYTES]; /* empty until the payload was hashed */
	struct cache_origin origin; /* set by cache_find_content(); the digest by cache_store() */
};

/* Opens the directory, made if need be. Where there is none, it is another user's or others may write to it, there is
 * no cache: every find fails and nothing is stored. */
void cache_open(struct cache *cache, int kernel_fd);
void cache_close(struct cache *cache);

/* Looks the kernel file up by its identity. True with the image and a descriptor of the entry, which the caller then
 * owns. */
bool cache_find_file(struct cache *cache, const struct bzimage *bz, struct kernel_image *image, int *entry_fd);

/* Looks a payload up by its content, and if it is there, makes the file's link. True as above. */
bool cache_find_content(struct cache *cache, const uint8_t *payload, size_t len, struct kernel_image *image,
			int *entry_fd);

/* Whether there is a cache to keep what cache_find_content() did not find. */
bool cache_wants(const struct cache *cache);

/* Keeps what was unpacked from the payload that cache_find_content() did not find. Takes long: it hashes, writes and
 * syncs. */
void cache_store(struct cache *cache, const uint8_t *payload, const uint8_t *unpacked,
		 const struct kernel_image *image);

#endif
