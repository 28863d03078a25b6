/* Any files as a disk's boot configuration: entries_find() must end, and what it lists must be whole. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/config/entry.h"
#include "firmware/core/error.h"
#include "test/unit/firmware_fake_fs.h"
#include "test/unit/firmware_said.h"

#define ARENA_BYTES (1u << 20)
#define MAX_INPUT 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The input is cut at each 0xff into these files. */
static const struct {
	unsigned int place;
	const char *path;
} files[] = {
	{ 1, "/boot/grub/grub.cfg" },	       { 1, "/boot/grub/grubenv" },
	{ 0, "/EFI/debian/grub.cfg" },	       { 0, "/loader/entries/a.conf" },
	{ 0, "/loader/entries/b+1-2.conf" },   { 0, "/loader/loader.conf" },
	{ 1, "/boot/extlinux/extlinux.conf" }, { 1, "/more" },
	{ 0, "/EFI/Linux/image.efi" }, /* all that is left */
};

#define NR_FILES (sizeof(files) / sizeof(files[0]))

static void check_file(const struct place_file *file)
{
	struct fs_node node;

	if (file->where == NULL || file->path == NULL || file->path[0] != '/')
		abort();
	if (fs_open(&file->where->fs, file->path, &node) < 0 || node.kind != FS_FILE ||
	    file->offset_bytes > node.size_bytes || file->size_bytes > node.size_bytes - file->offset_bytes)
		abort();
}

static void check(const struct entries *entries)
{
	if (entries->nr == 0 || entries->nr > ENTRY_MAX || entries->chosen >= entries->nr)
		abort();
	for (unsigned int i = 0; i < entries->nr; i++) {
		const struct entry *entry = &entries->list[i];
		int chosen = entries_choose(entries, entry->title);

		/* All strings are there, and end. */
		if (strlen(entry->title) + strlen(entry->id) + strlen(entry->arguments) + strlen(entry->origin) >
			    ARENA_BYTES ||
		    (entry->submenu == NULL) != (entry->submenu_id == NULL) || entry->nr_initrds > ENTRY_MAX_INITRDS)
			abort();
		if (chosen < FW_ENOENT || chosen >= (int)entries->nr)
			abort();
		check_file(&entry->kernel);
		for (unsigned int j = 0; j < entry->nr_initrds; j++)
			check_file(&entry->initrds[j]);
	}
}

static void put_files(struct mounted *const *where, char *text, size_t len)
{
	for (unsigned int i = 0; i < NR_FILES && len > 0; i++) {
		char *end = i == NR_FILES - 1 ? NULL : memchr(text, 0xff, len);
		size_t file_len = end == NULL ? len : (size_t)(end - text);

		fake_bytes(where[files[i].place], files[i].path, text, file_len);
		if (end == NULL)
			return;
		text = end + 1;
		len -= file_len + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct fake_place esp = {
		.name = "vda1",
		.kind = "vfat",
		.uuid = "abcd-1234",
		.volume = { .kind = VOLUME_PARTITION, .partition = 1, .scheme = 'g', .is_esp = true },
	};
	static struct entries entries;
	static char text[MAX_INPUT];
	struct places *places = fake_begin(ARENA_BYTES);
	struct mounted *where[2];
	int rc;

	if (len > sizeof(text))
		return 0;
	memcpy(text, data, len);
	said_clear();
	where[0] = fake_add(&esp);
	where[1] = fake_partition(2, "4f3d2b1a-0001-4a4b-8c8d-1234567890ab");
	fake_file(where[0], "/linux", "kernel");
	fake_file(where[1], "/boot/vmlinuz-6.1", "kernel");
	fake_file(where[1], "/boot/initrd.img-6.1", "initrd");
	fake_link(where[1], "/sbin/init", "loop");
	fake_link(where[1], "/sbin/loop", "init");
	fake_file(where[1], "/etc/fstab", "");
	put_files(where, text, len);
	rc = entries_find(places, &entries);
	if (rc == 0)
		check(&entries);
	else if (rc != FW_ENOENT && rc != FW_ENOMEM)
		abort();
	return 0;
}
