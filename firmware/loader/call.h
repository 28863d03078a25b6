/* The loader's calls to the VMM (firmware/abi/loader.h says what each does). */
#ifndef FIRMWARE_LOADER_CALL_H
#define FIRMWARE_LOADER_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/abi/loader.h"

/* From now on calls go to this doorbell. */
void call_init(uint32_t doorbell);

/* Text of any length. */
void call_say(enum loader_to to, const char *text, size_t len);

/* The next byte of the console's input, or LOADER_NO_KEY. */
int call_key(uint32_t timeout_ms);

/* Hands a kernel over, by a name for messages. An enum loader_status. */
int call_kernel(const void *kernel, size_t kernel_bytes, const char *name);

/* What LOADER_START is told. */
struct call_start {
	const void *initrd;
	size_t initrd_bytes;
	const char *command_line;
};

/* Returns only if it failed: an enum loader_status. */
int call_start(const struct call_start *start);

/* End the VM, with `why` or with success. */
_Noreturn void call_fail(const char *why);
_Noreturn void call_done(void);

#endif
