#include "firmware/loader/drivers_check.h"

#include "firmware/core/print.h"
#include "firmware/loader/call.h"
#include "firmware/loader/initrd_check.h"

#define BUILTIN_MAX (1u << 20) /* bytes of modules.builtin */

/* What modules.builtin of the kernel's version says, wherever it lies. False: there is none. */
static bool read_builtin(const struct system *system, const char *version, struct initrd_facts *facts)
{
	struct arena arena = system->arena; /* a copy: what is read is forgotten */
	char path[KERNEL_VERSION_BYTES + 64];

	(void)print_to(path, sizeof(path), "/lib/modules/%s/modules.builtin", version);
	for (unsigned int i = 0; i < system->places.nr; i++) {
		struct fs fs = system->places.mounted[i].fs;
		int64_t len;
		char *text;

		fs.arena = &arena;
		len = fs_read_file(&fs, path, BUILTIN_MAX, &text);
		if (len < 0)
			continue;
		facts->has_virtio_blk |= initrd_names_module(text, (size_t)len, "/virtio_blk.ko");
		facts->has_virtio_pci |= initrd_names_module(text, (size_t)len, "/virtio_pci.ko");
		return true;
	}
	return false;
}

enum drivers drivers_check(const struct system *system, const struct loaded *loaded)
{
	uint8_t *room = loaded->kernel + ((loaded->kernel_bytes + 4095) & ~(size_t)4095);
	size_t room_size = (size_t)(loaded->initrd - room);
	struct initrd_facts facts;
	bool knows_builtin;

	if (room_size > LOADER_UNPACK_MAX)
		room_size = LOADER_UNPACK_MAX;
	initrd_check(loaded->initrd, loaded->initrd_bytes, room, room_size, &facts);
	if (facts.has_virtio_blk && facts.has_virtio_pci)
		return DRIVERS_THERE;
	knows_builtin = loaded->facts.version[0] != '\0' && read_builtin(system, loaded->facts.version, &facts);
	if (facts.has_virtio_blk && facts.has_virtio_pci)
		return DRIVERS_THERE;
	return facts.is_complete && (knows_builtin || loaded->initrd_bytes > 0) ? DRIVERS_MISSING : DRIVERS_UNKNOWN;
}
