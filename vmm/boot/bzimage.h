/* The bzImage container: setup header, protected-mode kernel and where in it the compressed kernel lies. */
#ifndef VMM_BOOT_BZIMAGE_H
#define VMM_BOOT_BZIMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/boot/linux_abi.h"
#include "vmm/boot/source.h"

struct bzimage {
	struct linux_setup_header hdr; /* fields that this kernel's protocol version does not have are zero */
	uint16_t version; /* 0x020f is 2.15 */
	bool is_32bit; /* has no 64-bit entry */
	uint64_t kernel_offset; /* protected-mode kernel, in the file */
	uint64_t kernel_bytes;
	uint64_t payload_offset; /* compressed kernel and its size word, in the file */
	uint64_t payload_bytes; /* 0: the protocol version is too old to say */
};

/* Reads and checks the setup header of a file that image_recognise() called a bzImage. 0; -EBADMSG if it is truncated
 * or contradicts itself, -ENOEXEC if it is a kernel for another loader, both logged with `path`; or an I/O errno, not
 * logged. Linux boot protocol 2.15, "the real-mode kernel header". Control thread. */
__attribute__((warn_unused_result)) int bzimage_read(const struct source *src, const char *path, struct bzimage *bz);

#endif
