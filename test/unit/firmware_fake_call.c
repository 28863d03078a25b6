#include "test/unit/firmware_fake_call.h"

#include <string.h>

#include "firmware/core/unpack.h"
#include "firmware/loader/call.h"

#define CONSOLE_BYTES 0x10000

static const char *keys = "";
static char console[CONSOLE_BYTES];
static size_t used;
static const uint8_t *unpacked;
static int unpacked_len;

void fake_call_press(const char *bytes)
{
	keys = bytes;
}

const char *fake_call_console(void)
{
	return console;
}

void fake_call_clear(void)
{
	memset(console, 0, sizeof(console));
	used = 0;
}

void fake_call_unpacks_to(const uint8_t *bytes, int len)
{
	unpacked = bytes;
	unpacked_len = len;
}

int call_key(uint32_t timeout_ms)
{
	if (*keys != '\0')
		return (unsigned char)*keys++;
	return timeout_ms == LOADER_FOREVER ? '\r' : LOADER_NO_KEY;
}

void call_say(enum loader_to to, const char *text, size_t len)
{
	if (to != LOADER_TO_CONSOLE || len > sizeof(console) - 1 - used)
		return;
	memcpy(console + used, text, len);
	used += len;
}

int fw_unpack_start(enum fw_codec codec, const void *from, size_t from_len, void *to, size_t to_size)
{
	size_t len = unpacked_len < 0 ? 0 : (size_t)unpacked_len;

	(void)codec;
	(void)from;
	(void)from_len;
	if (unpacked_len < 0)
		return unpacked_len;
	if (len > to_size)
		len = to_size;
	memcpy(to, unpacked, len);
	return (int)len;
}

int fw_unpack(enum fw_codec codec, const void *from, size_t from_len, void *to, size_t to_size)
{
	return fw_unpack_start(codec, from, from_len, to, to_size);
}
