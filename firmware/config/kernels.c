#include "firmware/config/kernels.h"

#include "firmware/config/places.h"
#include "firmware/config/version.h"
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"

#define KERNEL "vmlinuz"
#define ARGUMENTS_BYTES (FS_LABEL_BYTES + 64)

/* Where a directory tree for / begins in a btrfs, as installers make them; elsewhere only the first. */
static const char *const trees[] = { "", "/@", "/@rootfs", "/root" };
#define NR_TREES (sizeof(trees) / sizeof(trees[0]))

/* A root file system. */
struct root {
	struct mounted *where;
	const char *tree;
};

/* Where kernels are looked for. */
struct search {
	struct places *places;
	struct root root; /* where is NULL: there is none */
	struct mounted *where;
	const char *directory;
	struct entries *out;
};

/* Whether there is a file of that name below a tree. */
static bool has(struct mounted *where, const char *tree, const char *path)
{
	char full[32];

	(void)print_to(full, sizeof(full), "%s%s", tree, path);
	return places_has(where, full);
}

static unsigned int nr_trees(const struct mounted *where)
{
	return strcmp(where->fs.ops->name, "btrfs") == 0 ? NR_TREES : 1;
}

static bool find_root_on(struct mounted *where, struct root *out)
{
	for (unsigned int i = 0; i < nr_trees(where); i++) {
		if (has(where, trees[i], "/etc") &&
		    (has(where, trees[i], "/sbin/init") || has(where, trees[i], "/usr/sbin/init"))) {
			*out = (struct root){ .where = where, .tree = trees[i] };
			return true;
		}
	}
	return false;
}

/* The root file system of a kernel that lies on `where`: that one itself, or the first one that looks like one. */
static struct root find_root(struct places *places, struct mounted *where)
{
	struct root root = { 0 };

	if (find_root_on(where, &root))
		return root;
	for (unsigned int i = 0; i < places->nr; i++)
		if (find_root_on(&places->mounted[i], &root))
			break;
	return root;
}

/* root=..., as an initrd finds it, or the kernel alone, who knows no file systems' UUIDs. */
static void name_root(const struct root *root, bool has_initrd, char out[ARGUMENTS_BYTES])
{
	const char *form = "/dev/";
	const char *name = root->where->fs.source->name;

	if (has_initrd && root->where->fs.uuid[0] != '\0') {
		form = "UUID=";
		name = root->where->fs.uuid;
	} else if (root->where->volume->part_uuid[0] != '\0') {
		form = "PARTUUID=";
		name = root->where->volume->part_uuid;
	}
	(void)print_to(out, ARGUMENTS_BYTES, "root=%s%s ro%s%s", form, name,
		       root->tree[0] != '\0' ? " rootflags=subvol=" : "", root->tree[0] != '\0' ? root->tree + 1 : "");
}

/* Adds a kernel, whose version is `version`, with the first of its possible initrds that is there. */
static int add_kernel(struct search *search, const char *name, const char *version)
{
	/* What they are called, with the version for "%s". */
	static const char *const initrds[] = { "initrd.img%s", "initramfs%s.img", "initrd%s", "initramfs%s",
					       "initrd%s.img" };
	struct entry *entry = &search->out->list[search->out->nr];
	struct arena *arena = search->places->arena;
	char *arguments = arena_alloc(arena, ARGUMENTS_BYTES);
	const char *path = places_join(arena, search->directory, name);

	if (path == NULL || arguments == NULL)
		return FW_ENOMEM;
	if (search->out->nr == ENTRY_MAX || !places_has_file(search->where, path))
		return 0;
	*entry = (struct entry){ .title = path, .id = "", .kernel = { search->where, path, 0, 0 } };
	entry->arguments = arguments;
	entry->origin = places_origin(arena, search->where, path);
	for (unsigned int i = 0; i < sizeof(initrds) / sizeof(initrds[0]) && entry->nr_initrds == 0; i++) {
		char initrd[FS_NAME_MAX + 16];

		(void)print_to(initrd, sizeof(initrd), initrds[i], version);
		path = places_join(arena, search->directory, initrd);
		if (path == NULL)
			return FW_ENOMEM;
		if (!places_has_file(search->where, path))
			continue;
		entry->initrds[0] = (struct place_file){ search->where, path, 0, 0 };
		entry->nr_initrds = 1;
	}
	name_root(&search->root, entry->nr_initrds > 0, arguments);
	search->out->nr++;
	return entry->origin == NULL ? FW_ENOMEM : 0;
}

/* Takes the newest of the names out of the list. */
static struct places_name *take_newest(struct places_name **names)
{
	struct places_name **newest = names;
	struct places_name *taken;

	for (struct places_name **at = names; *at != NULL; at = &(*at)->next)
		if (version_compare((*at)->name, (*newest)->name) > 0)
			newest = at;
	taken = *newest;
	if (taken != NULL)
		*newest = taken->next;
	return taken;
}

/* Adds what a directory has: the link, and then all versions. */
static int add_directory(struct search *search)
{
	struct places_name *names = places_list(search->where, search->directory, KERNEL "-?*");
	struct places_name *name;
	int rc = add_kernel(search, KERNEL, "");

	while (rc == 0 && (name = take_newest(&names)) != NULL)
		rc = add_kernel(search, name->name, name->name + strlen(KERNEL));
	return rc;
}

int kernels_read(struct places *places, struct entries *out)
{
	static const char *const directories[] = { "/", "/boot" };
	int rc = 0;

	for (unsigned int i = 0; i < places->nr && rc == 0; i++) {
		struct mounted *where = &places->mounted[i];
		struct search search = { .places = places, .where = where, .out = out };

		search.root = find_root(places, where);
		if (search.root.where == NULL) {
			print("no file system has /etc and /sbin/init, as a root has\n");
			return 0;
		}
		for (unsigned int j = 0; j < 2 * nr_trees(where) && rc == 0; j++) {
			search.directory = places_join(places->arena, trees[j / 2], directories[j % 2]);
			rc = search.directory == NULL ? FW_ENOMEM : add_directory(&search);
		}
	}
	return rc;
}
