#include "vmm/boot/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/boot/cache_dir.h"
#include "vmm/boot/cache_entry.h"
#include "vmm/boot/entropy.h"

/* File systems stamp times as coarsely as 2 s. */
#define SETTLED_S 4

/* Access times need not be better than this to find what is least used. */
#define ACCESS_TIME_S (24 * 3600)

void cache_open(struct cache *cache, int kernel_fd)
{
	*cache = (struct cache){ .kernel_fd = kernel_fd };
	cache->dir = cache_dir_open();
	if (cache->dir >= 0)
		return;
	if (cache->dir == -EPERM)
		log_info("kernel cache not used: its directory must be yours and writable by you alone");
	else
		log_info("kernel cache not used: %s", strerror(-cache->dir));
	cache->dir = -1;
}

void cache_close(struct cache *cache)
{
	fd_close(&cache->dir);
}

/* Names the link of a file by its identity. False for a file that could change without changing that. */
static bool name_link(int kernel_fd, char name[CACHE_NAME_BYTES])
{
	struct timespec now;
	struct stat st;

	if (fstat(kernel_fd, &st) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0)
		return false;
	/* Times in the future fall under this too: the clock was set back, so nothing is known. */
	if (st.st_mtim.tv_sec > now.tv_sec - SETTLED_S || st.st_ctim.tv_sec > now.tv_sec - SETTLED_S)
		return false;
	snprintf(name, CACHE_NAME_BYTES, CACHE_LINK_PREFIX "%jx-%jx-%jx-%jx.%09lx-%jx.%09lx", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino, (uintmax_t)st.st_size, (uintmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
		 (uintmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
	return true;
}

static void name_entry(const uint8_t digest[CACHE_DIGEST_BYTES], char name[CACHE_NAME_BYTES])
{
	char *at = name + sprintf(name, CACHE_ENTRY_PREFIX);

	for (int i = 0; i < CACHE_DIGEST_BYTES; i++)
		at += sprintf(at, "%02x", digest[i]);
}

/* Keeps the entry from looking unused on file systems that do not record reads. */
static void touch(int fd)
{
	static const struct timespec read_now[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_OMIT } };
	struct stat st;

	if (fstat(fd, &st) == 0 && time(NULL) - st.st_atime > ACCESS_TIME_S)
		(void)futimens(fd, read_now);
}

static bool open_entry(const struct cache *cache, const char *name, struct kernel_image *image,
		       struct cache_origin *origin, int *entry_fd)
{
	int fd = openat(cache->dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return false;
	if (!cache_entry_read(fd, image, origin)) {
		fd_close(&fd);
		return false;
	}
	*entry_fd = fd;
	return true;
}

/* A device number can be given to another file system, whose files may have the same identity. So the end of the
 * payload must be the same too: that is the end of a compressed stream, its checksum if it has one, and its size. */
static bool has_tail(int kernel_fd, const struct bzimage *bz, const struct cache_origin *origin)
{
	uint8_t tail[CACHE_TAIL_BYTES];

	return bz->payload_bytes == origin->payload_bytes && bz->payload_bytes >= sizeof(tail) &&
	       fd_pread_full(kernel_fd, tail, sizeof(tail), bz->payload_offset + bz->payload_bytes - sizeof(tail)) ==
		       0 &&
	       memcmp(tail, origin->payload_tail, sizeof(tail)) == 0;
}

bool cache_find_file(struct cache *cache, const struct bzimage *bz, struct kernel_image *image, int *entry_fd)
{
	struct cache_origin origin;

	if (cache->dir < 0 || !name_link(cache->kernel_fd, cache->link_name) ||
	    !open_entry(cache, cache->link_name, image, &origin, entry_fd))
		return false;
	if (!has_tail(cache->kernel_fd, bz, &origin)) {
		fd_close(entry_fd);
		return false;
	}
	touch(*entry_fd);
	log_info("kernel found unpacked in the cache");
	return true;
}

/* Points the file's identity at the entry, unless the file changed while its payload was read. */
static void make_link(const struct cache *cache)
{
	char now[CACHE_NAME_BYTES];

	if (!cache->link_name[0] || !name_link(cache->kernel_fd, now) || strcmp(now, cache->link_name) != 0)
		return;
	/* What is there already did not help. Another start may do the same at the same time, with the same result. */
	(void)unlinkat(cache->dir, cache->link_name, 0);
	(void)!symlinkat(cache->entry_name, cache->dir, cache->link_name);
}

static bool may_be_from(const struct cache_origin *origin, const struct cache_origin *wanted)
{
	return origin->payload_bytes == wanted->payload_bytes &&
	       memcmp(origin->payload_tail, wanted->payload_tail, CACHE_TAIL_BYTES) == 0;
}

/* The entry that was made from this payload. Sets entry_name if there is one. */
static bool find_entry(struct cache *cache, const uint8_t *payload, struct kernel_image *image, int *entry_fd)
{
	struct cache_walk walk;
	bool found = false;
	const char *name;

	if (!cache_walk_start(cache->dir, &walk))
		return false;
	while (!found && (name = cache_walk_next(&walk)) != NULL) {
		struct cache_origin origin;

		if (!open_entry(cache, name, image, &origin, entry_fd))
			continue;
		found = may_be_from(&origin, &cache->origin) &&
			cache_entry_is_from(*entry_fd, payload, cache->origin.payload_bytes);
		if (found)
			snprintf(cache->entry_name, sizeof(cache->entry_name), "%s", name);
		else
			fd_close(entry_fd);
	}
	cache_walk_end(&walk);
	return found;
}

static void name_by_content(struct cache *cache, const uint8_t *payload)
{
	cache_digest(cache->origin.digest, sizeof(cache->origin.digest), payload, cache->origin.payload_bytes);
	name_entry(cache->origin.digest, cache->entry_name);
}

bool cache_find_content(struct cache *cache, const uint8_t *payload, size_t len, struct kernel_image *image,
			int *entry_fd)
{
	if (cache->dir < 0 || len < CACHE_TAIL_BYTES)
		return false;
	cache->origin.payload_bytes = len;
	memcpy(cache->origin.payload_tail, payload + len - CACHE_TAIL_BYTES, CACHE_TAIL_BYTES);
	if (!find_entry(cache, payload, image, entry_fd))
		return false;
	make_link(cache);
	touch(*entry_fd);
	log_info("kernel found unpacked in the cache by its content");
	return true;
}

bool cache_wants(const struct cache *cache)
{
	return cache->dir >= 0 && cache->origin.payload_bytes > 0;
}

/* A new file under a name that no other start uses. */
static int open_temporary(const struct cache *cache, char name[CACHE_NAME_BYTES])
{
	uint64_t random;
	int ret;

	ret = entropy_fill(&random, sizeof(random));
	if (ret)
		return ret;
	snprintf(name, CACHE_NAME_BYTES, CACHE_TEMPORARY_PREFIX "%016" PRIx64, random);
	ret = openat(cache->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return ret < 0 ? -errno : ret;
}

void cache_store(struct cache *cache, const uint8_t *payload, const uint8_t *unpacked, const struct kernel_image *image)
{
	char temporary[CACHE_NAME_BYTES];
	int fd, ret;

	if (!cache_wants(cache))
		return;
	name_by_content(cache, payload);
	fd = open_temporary(cache, temporary);
	if (fd < 0) {
		log_info("kernel not kept in the cache: %s", strerror(-fd));
		return;
	}
	ret = cache_entry_write(fd, payload, unpacked, image, &cache->origin);
	fd_close(&fd);
	/* Replaces what is there: a damaged entry, or another start's equal one. */
	if (!ret && renameat(cache->dir, temporary, cache->dir, cache->entry_name) < 0)
		ret = -errno;
	if (ret) {
		(void)unlinkat(cache->dir, temporary, 0);
		log_info("kernel not kept in the cache: %s", strerror(-ret));
		return;
	}
	make_link(cache);
	cache_dir_prune(cache->dir, CACHE_MAX_BYTES);
	log_info("kernel kept unpacked in the cache");
}
