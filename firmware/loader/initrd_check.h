/* Whether an initrd brings the drivers for virtio disks: looks for them among the names of its files.
 * Linux's Documentation/driver-api/early-userspace/buffer-format.rst. */
#ifndef FIRMWARE_LOADER_INITRD_CHECK_H
#define FIRMWARE_LOADER_INITRD_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct initrd_facts {
	bool has_virtio_blk; /* as a module, or built into the kernel that it says it is for */
	bool has_virtio_pci;
	bool is_complete; /* all of it was looked at, so what was not found is not there */
};

/* Looks at `len` bytes of one or more archives. Compressed ones are unpacked by the VMM into `room`, as far as that
 * holds them. */
void initrd_check(const uint8_t *initrd, size_t len, uint8_t *room, size_t room_size, struct initrd_facts *facts);

/* Whether `text`, a kernel's modules.builtin, names the module, such as "/virtio_blk.ko". */
bool initrd_names_module(const char *text, size_t len, const char *module);

#endif
