/* Whether a file is a kernel that this machine can start, told from its first bytes.
 * Linux boot protocol 2.15; ELF-64; Linux's Documentation/arch/arm64/booting.rst. */
#ifndef FIRMWARE_LOADER_KERNEL_CHECK_H
#define FIRMWARE_LOADER_KERNEL_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNEL_VERSION_BYTES 128 /* of a string */

struct kernel_facts {
	bool is_linux; /* a bzImage */
	bool is_64bit;
	char version[KERNEL_VERSION_BYTES]; /* "6.1.0-49-amd64"; "" if it does not say */
};

/* NULL with *facts filled if it can be started, or what the file is instead: "a kernel for arm64". */
const char *kernel_check(const uint8_t *bytes, size_t len, struct kernel_facts *facts);

#endif
