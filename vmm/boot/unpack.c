#include "vmm/boot/unpack.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "vmm/base/parallel.h"

/* Beyond the buffers, which are there already: xz's dictionary is the largest. */
#define WORK_MEMORY_BYTES (256ull << 20)

/* One payload, which several children may unpack together: a thread waits for each. */
struct payload_work {
	enum payload_format format;
	const struct scratch *packed;
	const struct scratch *out;
	const atomic_bool *cancel;
	unsigned int nr_parts;
	atomic_uint next_part; /* that no thread has taken yet */
	atomic_int error; /* the last one's that failed */
};

struct part {
	const struct payload_work *work;
	unsigned int number;
};

/* In a child. */
static int work_part(void *arg)
{
	const struct part *part = arg;
	const struct payload_work *work = part->work;
	uint64_t from = payload_part_start(work->out->size_bytes, part->number, work->nr_parts);
	uint64_t to = payload_part_start(work->out->size_bytes, part->number + 1, work->nr_parts);

	/* One call rather than a fault for each page; a refusal costs only time. */
	(void)madvise(work->out->data + from, to - from, MADV_POPULATE_WRITE);
	return payload_unpack_part(work->format, work->packed->data, work->packed->size_bytes, work->out->data,
				   work->out->size_bytes, part->number, work->nr_parts);
}

static void *run_parts(void *arg)
{
	struct payload_work *work = arg;
	struct part part = { .work = work };

	while ((part.number = atomic_fetch_add(&work->next_part, 1)) < work->nr_parts) {
		int ret = sandbox_run(work_part, &part, WORK_MEMORY_BYTES, work->cancel);

		/* The child's word, which may be anything. */
		if (ret > 0)
			ret = -EBADMSG;
		if (ret)
			atomic_store(&work->error, ret);
	}
	return NULL;
}

int unpack_payload(enum payload_format format, const struct scratch *packed, uint64_t size_bytes,
		   const atomic_bool *cancel, struct scratch *out)
{
	struct payload_work work = { .format = format, .packed = packed, .out = out, .cancel = cancel };
	int ret;

	ret = scratch_map_shared(out, size_bytes);
	if (ret)
		return ret;
	work.nr_parts = parallel_threads(payload_parts(format, size_bytes));
	parallel_run("unpack", work.nr_parts, run_parts, &work);
	ret = atomic_load(&work.error);
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
