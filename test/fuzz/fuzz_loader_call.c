/* Any call of the loader's: what is passed on lies in guest memory, whatever the structure says. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/log.h"
#include "vmm/machine/loader_call.h"

#define RAM_BYTES (4ull << 20)
#define CALL_AT 0x1000

static struct guest_memory memory;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool held)
{
	if (!held)
		abort();
}

static void ignore_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

static int say(void *arg, enum loader_to to, const char *text, size_t len)
{
	(void)arg;
	must(to <= LOADER_TO_REPORT && len <= LOADER_TEXT_MAX && text[len] == '\0');
	return 0;
}

static int key(void *arg, uint32_t timeout_ms)
{
	(void)arg;
	return (int)(timeout_ms & 0xff);
}

static int unpack(void *arg, const struct unpack_request *request)
{
	(void)arg;
	must(guest_memory_at(&memory, request->from, request->from_bytes) != NULL && request->from_bytes > 0);
	must(guest_memory_at(&memory, request->to, request->to_bytes) != NULL && request->to_bytes > 0);
	return (int)request->to_bytes;
}

static int take_kernel(void *arg, const struct loader_kernel *what)
{
	(void)arg;
	must(guest_memory_at(&memory, what->base, what->size_bytes) != NULL && what->size_bytes > 0);
	must(strlen(what->name) <= LOADER_NAME_MAX);
	return what->size_bytes % 2 ? -1 : 0;
}

static int start(void *arg, const struct loader_start *what)
{
	(void)arg;
	must(what->initrd_bytes == 0 || guest_memory_at(&memory, what->initrd, what->initrd_bytes) != NULL);
	must(strlen(what->command_line) <= LOADER_COMMAND_LINE_MAX);
	return what->initrd_bytes % 2 ? -1 : 0;
}

static void give_up(void *arg, const char *text)
{
	(void)arg;
	must(strlen(text) <= LOADER_TEXT_MAX);
}

static void done(void *arg)
{
	(void)arg;
}

/* The input is what lies from the call on; the rest of memory repeats it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct loader_ops ops = { say, key, unpack, take_kernel, start, give_up, done };
	const struct guest_region ram = { .base = 0, .size_bytes = RAM_BYTES };

	if (memory.nr_regions == 0) {
		must(guest_memory_create(&ram, 1, &memory) == 0);
		log_set_sink(ignore_line, NULL);
	}
	if (len > RAM_BYTES - CALL_AT)
		return 0;
	memset(guest_memory_at(&memory, CALL_AT, sizeof(struct loader_call)), 0, sizeof(struct loader_call));
	must(guest_memory_write(&memory, CALL_AT, data, len) == 0);
	loader_call_serve(&memory, CALL_AT, &ops, NULL);
	/* The very end of memory, where a structure just fits or does not. */
	loader_call_serve(&memory, RAM_BYTES - len % 128, &ops, NULL);
	return 0;
}
