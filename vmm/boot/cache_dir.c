#include "vmm/boot/cache_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vmm/base/fd.h"

/* A start that is still writing after this long is not one that is still running. */
#define TEMPORARY_MAX_AGE_S 3600

/* Entries are tens of megabytes: more than these are not looked at in one go. */
#define MAX_ENTRIES 256

static bool is_absolute(const char *path)
{
	/* The XDG base directory specification tells us to ignore relative paths. */
	return path && path[0] == '/';
}

/* Makes and opens base[/middle]/mote. */
static int open_under(const char *base, const char *middle)
{
	char *path;
	int dir = -1;
	int ret;

	if (asprintf(&path, "%s%s%s", base, middle ? "/" : "", middle ? middle : "") < 0)
		return -ENOMEM;
	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		ret = -errno;
		goto free_path;
	}
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		ret = -errno;
		goto free_path;
	}
	if (mkdirat(dir, "mote", 0700) < 0 && errno != EEXIST) {
		ret = -errno;
		goto close_dir;
	}
	ret = openat(dir, "mote", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (ret < 0)
		ret = -errno;
close_dir:
	fd_close(&dir);
free_path:
	free(path);
	return ret;
}

int cache_dir_open(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	struct stat st;
	int dir;

	if (is_absolute(xdg))
		dir = open_under(xdg, NULL);
	else if (is_absolute(home))
		dir = open_under(home, ".cache");
	else
		return -ENOENT;
	if (dir < 0)
		return dir;
	/* Whoever can write here decides what our guests run. */
	if (fstat(dir, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH))) {
		fd_close(&dir);
		return -EPERM;
	}
	return dir;
}

static bool starts_with(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* A stream of the names in the directory, or NULL. */
static DIR *open_list(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (!list)
		fd_close(&fd);
	return list;
}

bool cache_walk_start(int dir, struct cache_walk *walk)
{
	*walk = (struct cache_walk){ .list = open_list(dir) };
	return walk->list != NULL;
}

const char *cache_walk_next(struct cache_walk *walk)
{
	struct dirent *found;

	while (walk->nr < MAX_ENTRIES && (found = readdir(walk->list)) != NULL) {
		if (!starts_with(found->d_name, CACHE_ENTRY_PREFIX))
			continue;
		walk->nr++;
		return found->d_name;
	}
	return NULL;
}

void cache_walk_end(struct cache_walk *walk)
{
	closedir(walk->list);
}

struct used_entry {
	char name[NAME_MAX + 1];
	uint64_t size_bytes;
	time_t used_s;
};

static int by_last_use(const void *a, const void *b)
{
	const struct used_entry *x = a;
	const struct used_entry *y = b;

	return x->used_s < y->used_s ? -1 : x->used_s > y->used_s;
}

static void prune_entries(int dir, struct used_entry *entries, unsigned int nr, uint64_t max_bytes)
{
	uint64_t total = 0;

	for (unsigned int i = 0; i < nr; i++)
		total += entries[i].size_bytes;
	qsort(entries, nr, sizeof(*entries), by_last_use);
	for (unsigned int i = 0; i < nr && total > max_bytes; i++) {
		if (unlinkat(dir, entries[i].name, 0) == 0)
			total -= entries[i].size_bytes;
	}
}

/* First pass: temporaries go, entries are counted. */
static unsigned int survey(int dir, DIR *list, struct used_entry *entries)
{
	time_t now_s = time(NULL);
	unsigned int nr = 0;
	struct dirent *found;

	while ((found = readdir(list)) != NULL) {
		struct stat st;

		if (fstatat(dir, found->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (starts_with(found->d_name, CACHE_TEMPORARY_PREFIX) && now_s - st.st_mtime > TEMPORARY_MAX_AGE_S)
			(void)unlinkat(dir, found->d_name, 0);
		if (!starts_with(found->d_name, CACHE_ENTRY_PREFIX) || nr == MAX_ENTRIES)
			continue;
		strcpy(entries[nr].name, found->d_name);
		entries[nr].size_bytes = (uint64_t)st.st_size;
		entries[nr].used_s = st.st_atime > st.st_mtime ? st.st_atime : st.st_mtime;
		nr++;
	}
	return nr;
}

static void prune_links(int dir, DIR *list)
{
	struct dirent *found;

	while ((found = readdir(list)) != NULL) {
		if (starts_with(found->d_name, CACHE_LINK_PREFIX) && faccessat(dir, found->d_name, F_OK, 0) < 0 &&
		    errno == ENOENT)
			(void)unlinkat(dir, found->d_name, 0);
	}
}

void cache_dir_prune(int dir, uint64_t max_bytes)
{
	struct used_entry *entries = calloc(MAX_ENTRIES, sizeof(*entries));
	DIR *list = open_list(dir);

	if (entries && list) {
		prune_entries(dir, entries, survey(dir, list, entries), max_bytes);
		rewinddir(list);
		prune_links(dir, list);
	}
	if (list)
		closedir(list);
	free(entries);
}
