#include "firmware/loader/log.h"

#include <stddef.h>

#include "firmware/core/bytes.h"
#include "firmware/core/print.h"
#include "firmware/loader/call.h"

#define LOG_BYTES 0x4000

static char text[LOG_BYTES];
static size_t used;
static bool shown;
static bool full; /* what came later was dropped: what was seen first explains most */

/* Says the complete lines and keeps the rest. */
static void say_lines(void)
{
	size_t start = 0;

	for (size_t i = 0; i < used; i++) {
		if (text[i] != '\n')
			continue;
		if (i > start)
			call_say(LOADER_TO_LOG, text + start, i - start);
		start = i + 1;
	}
	memmove(text, text + start, used - start);
	used -= start;
}

void print_out(const char *more, size_t len)
{
	if (len > LOG_BYTES - used) {
		full = true;
		return;
	}
	memcpy(text + used, more, len);
	used += len;
	if (shown)
		say_lines();
}

void log_show(void)
{
	static const char lost[] = "(more was said than the loader keeps)\n";

	shown = true;
	say_lines();
	if (full)
		print_out(lost, sizeof(lost) - 1);
	full = false;
}
