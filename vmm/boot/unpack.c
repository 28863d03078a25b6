#include "vmm/boot/unpack.h"

#include <errno.h>

/* Beyond the buffers, which are there already: xz's dictionary is the largest. */
#define WORK_MEMORY_BYTES (256ull << 20)

struct payload_work {
	enum payload_format format;
	const struct scratch *packed;
	const struct scratch *out;
};

static int work_payload(void *arg)
{
	const struct payload_work *work = arg;

	return payload_unpack(work->format, work->packed->data, work->packed->size_bytes, work->out->data,
			      work->out->size_bytes);
}

int unpack_payload(enum payload_format format, const struct scratch *packed, uint64_t size_bytes,
		   const atomic_bool *cancel, struct scratch *out)
{
	struct payload_work work = { format, packed, out };
	int ret;

	ret = scratch_map_shared(out, size_bytes);
	if (ret)
		return ret;
	ret = sandbox_run(work_payload, &work, WORK_MEMORY_BYTES, cancel);
	/* The child's word, which may be anything. */
	if (ret > 0)
		ret = -EBADMSG;
	if (ret)
		scratch_unmap(out);
	return ret;
}

static int work_stream(void *arg)
{
	return unpack_stream(arg);
}

int unpack_in_guest(const struct guest_memory *mem, const struct unpack_request *request, const atomic_bool *cancel)
{
	struct scratch in = { 0 }, out = { 0 };
	struct unpack_stream stream;
	int ret;

	if (request->from_bytes == 0 || request->to_bytes == 0)
		return -EBADMSG;
	ret = scratch_map(&in, request->from_bytes);
	if (!ret)
		ret = scratch_map_shared(&out, request->to_bytes);
	if (!ret)
		ret = guest_memory_read(mem, request->from, in.data, in.size_bytes);
	if (ret)
		goto unmap;
	stream = (struct unpack_stream){
		.codec = request->codec,
		.in = in.data,
		.len = in.size_bytes,
		.out = out.data,
		.out_len = out.size_bytes,
		.may_be_cut = request->may_be_cut,
	};
	ret = sandbox_run(work_stream, &stream, WORK_MEMORY_BYTES, cancel);
	if (ret > 0 && (uint64_t)ret > out.size_bytes)
		ret = -EBADMSG;
	if (ret > 0) {
		int rc = guest_memory_write(mem, request->to, out.data, (size_t)ret);

		ret = rc < 0 ? rc : ret;
	}
unmap:
	scratch_unmap(&out);
	scratch_unmap(&in);
	return ret;
}
