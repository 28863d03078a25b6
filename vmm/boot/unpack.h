/* Unpacking what a guest handed over, in a sandbox (sandbox.h). */
#ifndef VMM_BOOT_UNPACK_H
#define VMM_BOOT_UNPACK_H

#include "vmm/boot/payload.h"
#include "vmm/boot/sandbox.h"
#include "vmm/boot/scratch.h"
#include "vmm/boot/unpack_stream.h"
#include "vmm/core/memory.h"

/* payload_unpack() into `out`, `size_bytes` of memory that the caller gives back. Errors as there, or of
 * sandbox_run(). */
__attribute__((warn_unused_result)) int unpack_payload(enum payload_format format, const struct scratch *packed,
						       uint64_t size_bytes, const atomic_bool *cancel,
						       struct scratch *out);

/* One LOADER_UNPACK: both ranges lie in guest memory and are at most LOADER_UNPACK_MAX long. They may overlap. */
struct unpack_request {
	enum loader_codec codec;
	gpa_t from;
	uint32_t from_bytes;
	gpa_t to;
	uint32_t to_bytes;
	bool may_be_cut;
};

/* How many bytes were written, or an error of unpack_stream() or sandbox_run(), or -EFAULT. A vCPU thread. */
__attribute__((warn_unused_result)) int unpack_in_guest(const struct guest_memory *mem,
							const struct unpack_request *request,
							const atomic_bool *cancel);

#endif
