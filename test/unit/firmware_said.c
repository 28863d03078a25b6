#include "test/unit/firmware_said.h"

#include <stddef.h>
#include <string.h>

#include "firmware/core/print.h"

#define SAID_BYTES 0x10000

static char text[SAID_BYTES];
static size_t used;

void print_out(const char *more, size_t len)
{
	if (len > sizeof(text) - 1 - used)
		len = sizeof(text) - 1 - used;
	memcpy(text + used, more, len);
	used += len;
}

const char *said(void)
{
	return text;
}

void said_clear(void)
{
	memset(text, 0, used);
	used = 0;
}
