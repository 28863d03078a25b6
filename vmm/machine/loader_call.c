#include "vmm/machine/loader_call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/log.h"

#define CALL_ALIGN 8

struct request {
	const struct guest_memory *mem;
	const struct loader_ops *ops;
	void *arg;
	struct loader_call call; /* the one copy */
};

static int status_of(int rc)
{
	switch (-rc) {
	case EINVAL:
	case EFAULT:
		return LOADER_EINVAL;
	case ENOTSUP:
		return LOADER_ENOTSUP;
	case EBADMSG:
	case ENOEXEC:
		return LOADER_ECORRUPT;
	case E2BIG:
		return LOADER_ETOOBIG;
	default:
		return LOADER_EIO;
	}
}

/* What comes from a disk must not steer a terminal or a log. */
static void make_printable(char *text)
{
	for (; *text; text++) {
		if ((*text < ' ' || *text > '~') && *text != '\n')
			*text = '?';
	}
}

static bool is_memory(const struct request *request, uint32_t base, uint32_t bytes)
{
	return bytes > 0 && guest_memory_at(request->mem, base, bytes) != NULL;
}

/* Copies `bytes` at `base`, at most `max`, and ends them with a NUL, as any that they hold do. */
static int copy_text(const struct request *request, uint32_t base, uint32_t bytes, uint32_t max, char *text)
{
	if (bytes > max)
		return -EINVAL;
	text[bytes] = '\0';
	if (bytes == 0)
		return 0;
	return guest_memory_read(request->mem, base, text, bytes);
}

static int serve_say(const struct request *request)
{
	char text[LOADER_TEXT_MAX + 1];
	uint32_t to = request->call.say.to, len = request->call.say.text_bytes;
	int rc;

	if (to != LOADER_TO_LOG && to != LOADER_TO_CONSOLE && to != LOADER_TO_REPORT)
		return -EINVAL;
	rc = copy_text(request, request->call.say.text, len, LOADER_TEXT_MAX, text);
	if (rc < 0)
		return rc;
	if (to != LOADER_TO_CONSOLE) {
		make_printable(text);
		len = (uint32_t)strlen(text);
	}
	return request->ops->say(request->arg, (enum loader_to)to, text, len);
}

static int serve_unpack(const struct request *request)
{
	const struct unpack_request unpack = {
		.codec = request->call.unpack.codec,
		.from = request->call.unpack.from,
		.from_bytes = request->call.unpack.from_bytes,
		.to = request->call.unpack.to,
		.to_bytes = request->call.unpack.to_bytes,
		.may_be_cut = request->call.unpack.may_be_cut != 0,
	};

	if (unpack.from_bytes > LOADER_UNPACK_MAX || unpack.to_bytes > LOADER_UNPACK_MAX ||
	    !is_memory(request, request->call.unpack.from, unpack.from_bytes) ||
	    !is_memory(request, request->call.unpack.to, unpack.to_bytes))
		return -EINVAL;
	return request->ops->unpack(request->arg, &unpack);
}

static int serve_kernel(const struct request *request)
{
	const struct loader_call *call = &request->call;
	uint32_t name_bytes = call->kernel.name_bytes;
	struct loader_kernel kernel = { .base = call->kernel.kernel, .size_bytes = call->kernel.kernel_bytes };
	int rc;

	if (!is_memory(request, call->kernel.kernel, call->kernel.kernel_bytes))
		return -EINVAL;
	if (name_bytes > LOADER_NAME_MAX)
		name_bytes = LOADER_NAME_MAX;
	rc = copy_text(request, call->kernel.name, name_bytes, LOADER_NAME_MAX, kernel.name);
	if (rc < 0)
		return rc;
	make_printable(kernel.name);
	return request->ops->kernel(request->arg, &kernel);
}

static int read_start(const struct request *request, struct loader_start *start)
{
	const struct loader_call *call = &request->call;

	start->initrd = call->start.initrd;
	start->initrd_bytes = call->start.initrd_bytes;
	if (start->initrd_bytes > 0 && !is_memory(request, call->start.initrd, call->start.initrd_bytes))
		return -EINVAL;
	return copy_text(request, call->start.command_line, call->start.command_line_bytes, LOADER_COMMAND_LINE_MAX,
			 start->command_line);
}

static int serve_start(const struct request *request)
{
	struct loader_start *start = calloc(1, sizeof(*start));
	int rc;

	if (!start)
		return -ENOMEM;
	rc = read_start(request, start);
	if (rc == 0)
		rc = request->ops->start(request->arg, start);
	free(start);
	return rc;
}

static int serve_fail(const struct request *request)
{
	char text[LOADER_TEXT_MAX + 1];
	int rc = copy_text(request, request->call.say.text, request->call.say.text_bytes, LOADER_TEXT_MAX, text);

	if (rc < 0)
		return rc;
	make_printable(text);
	request->ops->fail(request->arg, text);
	return 0;
}

/* Sets *answered to whether the caller waits for a result. */
static int serve(const struct request *request, bool *answered)
{
	int rc;

	*answered = true;
	switch (request->call.code) {
	case LOADER_SAY:
		return serve_say(request);
	case LOADER_KEY:
		return request->ops->key(request->arg, request->call.key.timeout_ms);
	case LOADER_UNPACK:
		return serve_unpack(request);
	case LOADER_KERNEL:
		return serve_kernel(request);
	case LOADER_START:
		rc = serve_start(request);
		*answered = rc < 0;
		return rc;
	case LOADER_FAIL:
		return serve_fail(request);
	case LOADER_DONE:
		request->ops->done(request->arg);
		return 0;
	}
	return -EINVAL;
}

void loader_call_serve(const struct guest_memory *mem, gpa_t at, const struct loader_ops *ops, void *arg)
{
	struct request request = { .mem = mem, .ops = ops, .arg = arg };
	bool answered;
	int rc;

	if (at % CALL_ALIGN != 0 || guest_memory_read(mem, at, &request.call, sizeof(request.call)) < 0) {
		log_guest("the boot loader made a call from 0x%llx, where it can't be", (unsigned long long)at);
		return;
	}
	rc = serve(&request, &answered);
	if (!answered)
		return;
	if (rc < 0 && request.call.code != LOADER_KEY)
		rc = status_of(rc);
	/* It was there for reading. */
	(void)!guest_memory_write(mem, at + offsetof(struct loader_call, result), &rc, sizeof(rc));
}
