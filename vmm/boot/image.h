/* What kind of file the user gave as a kernel, and if it cannot start here, what it looks like instead. */
#ifndef VMM_BOOT_IMAGE_H
#define VMM_BOOT_IMAGE_H

#include "vmm/boot/source.h"

enum image_kind {
	IMAGE_BZIMAGE, /* Linux boot protocol: setup header, protected-mode kernel, compressed payload */
	IMAGE_ELF64, /* x86-64 executable: vmlinux, or another system's kernel */
	IMAGE_OTHER, /* nothing that can start here */
};

struct image_verdict {
	enum image_kind kind;
	const char *found; /* IMAGE_OTHER: "is ..." */
	const char *advice; /* IMAGE_OTHER: what to do about it */
};

/* Looks at a file's first bytes. 0 whatever it is, an I/O errno if it cannot be read. Control thread. */
__attribute__((warn_unused_result)) int image_recognise(const struct source *src, struct image_verdict *verdict);

#endif
