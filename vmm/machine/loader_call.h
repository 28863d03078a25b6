/* The loader's calls (firmware/abi/loader.h): read once from guest memory, held against it, and passed on. */
#ifndef VMM_MACHINE_LOADER_CALL_H
#define VMM_MACHINE_LOADER_CALL_H

#include <stdint.h>

#include "firmware/abi/loader.h"
#include "vmm/boot/unpack.h"
#include "vmm/core/memory.h"

#define LOADER_NAME_MAX 255 /* of a kernel, for messages; longer ones are cut */

struct loader_kernel {
	gpa_t base; /* guest memory */
	uint32_t size_bytes;
	char name[LOADER_NAME_MAX + 1]; /* printable ASCII */
};

struct loader_start {
	gpa_t initrd; /* guest memory */
	uint32_t initrd_bytes; /* 0: none */
	char command_line[LOADER_COMMAND_LINE_MAX + 1];
};

/* What the VMM does for the loader. Texts are copies, ended by a NUL; those but for the console are printable ASCII
 * and newlines. Results are 0 or more, or a negative errno. The thread of the vCPU that calls. */
struct loader_ops {
	int (*say)(void *arg, enum loader_to to, const char *text, size_t len);
	int (*key)(void *arg, uint32_t timeout_ms); /* a byte, or LOADER_NO_KEY */
	int (*unpack)(void *arg, const struct unpack_request *request);
	int (*kernel)(void *arg, const struct loader_kernel *kernel);
	/* 0: the caller's memory is gone, and the vCPU goes on elsewhere. */
	int (*start)(void *arg, const struct loader_start *start);
	void (*fail)(void *arg, const char *text);
	void (*done)(void *arg);
};

/* Carries out the call that lies at `at`, and writes its result there. A structure that is no memory or not aligned is
 * not answered. */
void loader_call_serve(const struct guest_memory *mem, gpa_t at, const struct loader_ops *ops, void *arg);

#endif
