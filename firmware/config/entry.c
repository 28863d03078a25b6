#include "firmware/config/entry.h"

#include "firmware/config/bls.h"
#include "firmware/config/extlinux.h"
#include "firmware/config/grub.h"
#include "firmware/config/kernels.h"
#include "firmware/config/places.h"
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"

/* Reads one configuration file. */
typedef int (*read_file)(struct places *places, struct mounted *where, const char *path, struct entries *out);

/* Where a boot loader keeps its configuration: on the root file system, or on the one that is mounted at /boot there.
 * The last of GRUB's are those of a btrfs whose root is a subvolume that is not the default one. Each list ends with an
 * empty string. */
static const char grub_paths[] = "/boot/grub/grub.cfg\0/grub/grub.cfg\0/boot/grub2/grub.cfg\0/grub2/grub.cfg\0"
				 "/@/boot/grub/grub.cfg\0/@rootfs/boot/grub/grub.cfg\0/root/boot/grub2/grub.cfg\0";
static const char extlinux_paths[] = "/extlinux/extlinux.conf\0/boot/extlinux/extlinux.conf\0/extlinux.conf\0"
				     "/boot/extlinux.conf\0/syslinux/syslinux.cfg\0/boot/syslinux/syslinux.cfg\0"
				     "/syslinux.cfg\0/EFI/syslinux/syslinux.cfg\0";

/* Reads a file into an empty list: 1 if it has entries then. */
static int try_file(struct places *places, struct mounted *where, const char *path, read_file read, struct entries *out)
{
	int rc;

	out->nr = 0;
	out->chosen = 0;
	rc = read(places, where, path, out);
	return rc < 0 ? rc : out->nr > 0;
}

/* Tries paths on all file systems, until one has entries: 1. */
static int try_paths(struct places *places, const char *paths, read_file read, struct entries *out)
{
	for (unsigned int i = 0; i < places->nr; i++) {
		for (const char *path = paths; *path != '\0'; path += strlen(path) + 1) {
			int rc = try_file(places, &places->mounted[i], path, read, out);

			if (rc > 0 || rc == FW_ENOMEM)
				return rc;
		}
	}
	return 0;
}

/* The EFI system partition's grub.cfg: one in each installed system's own directory, which leads to the real one; but
 * first those of systems with a name, and then that of the directory for all. */
static int read_esp_grub(struct places *places, struct mounted *where, const char *path, struct entries *out)
{
	struct places_name *names = places_list(where, path, "?*");
	int rc = 0;

	for (unsigned int pass = 0; pass < 2; pass++) {
		for (struct places_name *name = names; name != NULL; name = name->next) {
			const char *directory;
			const char *file;

			if (text_equal_fold(name->name, "boot") != (pass == 1))
				continue;
			directory = places_join(places->arena, path, name->name);
			file = directory == NULL ? NULL : places_join(places->arena, directory, "grub.cfg");
			rc = file == NULL ? FW_ENOMEM : try_file(places, where, file, grub_read, out);
			if (rc > 0 || rc == FW_ENOMEM)
				return rc;
		}
	}
	return 0;
}

static int read_grub(struct places *places, struct entries *out)
{
	int rc = try_paths(places, "/EFI\0", read_esp_grub, out);

	return rc != 0 ? rc : try_paths(places, grub_paths, grub_read, out);
}

static int read_extlinux(struct places *places, struct entries *out)
{
	return try_paths(places, extlinux_paths, extlinux_read, out);
}

int entries_find(struct places *places, struct entries *out)
{
	static const struct {
		int (*read)(struct places *places, struct entries *out);
		const char *what;
	} readers[] = {
		{ read_grub, "grub.cfg" },
		{ bls_read, "Boot Loader Specification entries" },
		{ read_extlinux, "extlinux.conf" },
		{ kernels_read, "/vmlinuz or /boot/vmlinuz-*" },
	};

	for (unsigned int i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		int rc;

		out->nr = 0;
		out->chosen = 0;
		out->timeout_seconds = 0;
		rc = readers[i].read(places, out);
		if (rc == FW_ENOMEM)
			return rc;
		if (out->nr > 0) {
			const struct entry *chosen = &out->list[out->chosen];

			print("%u entries; the default is '%s' (%s)\n", out->nr, chosen->title, chosen->origin);
			return 0;
		}
		print("no kernel was found by %s\n", readers[i].what);
	}
	return FW_ENOENT;
}

/* Whether `wanted` is a name, or that behind its submenu's and a '>'. */
static bool is_named(const char *submenu, const char *name, const char *wanted)
{
	size_t len = submenu == NULL ? 0 : strlen(submenu);

	if (*name == '\0')
		return false;
	if (strcmp(wanted, name) == 0)
		return true;
	return submenu != NULL && strncmp(wanted, submenu, len) == 0 && wanted[len] == '>' &&
	       strcmp(wanted + len + 1, name) == 0;
}

int entries_choose(const struct entries *entries, const char *wanted)
{
	unsigned int number;

	if (text_number(wanted, &number))
		return number < entries->nr ? (int)number : FW_ENOENT;
	for (unsigned int i = 0; i < entries->nr; i++) {
		const struct entry *entry = &entries->list[i];

		if (is_named(entry->submenu, entry->title, wanted) || is_named(entry->submenu, entry->id, wanted) ||
		    is_named(entry->submenu_id, entry->title, wanted) || is_named(entry->submenu_id, entry->id, wanted))
			return (int)i;
	}
	return FW_ENOENT;
}
