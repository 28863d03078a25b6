#include "firmware/loader/console.h"

#include <stdarg.h>

#include "firmware/core/print.h"
#include "firmware/loader/call.h"

#define TEXT_BYTES 0x1100 /* a line with a kernel's arguments */

static void say(enum loader_to to, const char *format, va_list args)
{
	static char text[TEXT_BYTES];
	size_t len = print_args(text, sizeof(text), format, args, 1);

	call_say(to, text, len);
}

void console_print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(LOADER_TO_CONSOLE, format, args);
	va_end(args);
}

void report_print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(LOADER_TO_REPORT, format, args);
	va_end(args);
}
