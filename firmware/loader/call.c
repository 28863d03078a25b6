#include "firmware/loader/call.h"

#include <stdbool.h>

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/unpack.h"
#include "firmware/loader/mmio.h"

static uint32_t bell;

void call_init(uint32_t doorbell)
{
	bell = doorbell;
}

static int ring(struct loader_call *call)
{
	/* The compiler must have written the structure before, and must read the result after. */
	__asm__ volatile("" : : : "memory");
	mmio_write32(bell, mmio_address(call));
	__asm__ volatile("" : : : "memory");
	return call->result;
}

void call_say(enum loader_to to, const char *text, size_t len)
{
	while (len > 0) {
		uint32_t part = len < LOADER_TEXT_MAX ? (uint32_t)len : LOADER_TEXT_MAX;
		struct loader_call call = {
			.code = LOADER_SAY,
			.say = { .to = to, .text = mmio_address(text), .text_bytes = part },
		};

		(void)ring(&call);
		text += part;
		len -= part;
	}
}

int call_key(uint32_t timeout_ms)
{
	struct loader_call call = { .code = LOADER_KEY, .key = { .timeout_ms = timeout_ms } };

	return ring(&call);
}

static const uint8_t codecs[] = {
	[FW_ZLIB] = LOADER_ZLIB, [FW_ZSTD] = LOADER_ZSTD, [FW_XZ] = LOADER_XZ,
	[FW_GZIP] = LOADER_GZIP, [FW_LZMA] = LOADER_LZMA, [FW_LZ4_LEGACY] = LOADER_LZ4_LEGACY,
};

static int unpack(enum fw_codec codec, const void *from, size_t from_len, void *to, size_t to_size, bool may_be_cut)
{
	struct loader_call call = {
		.code = LOADER_UNPACK,
		.unpack = {
			.codec = codecs[codec],
			.from = mmio_address(from),
			.from_bytes = (uint32_t)from_len,
			.to = mmio_address(to),
			.to_bytes = (uint32_t)to_size,
			.may_be_cut = may_be_cut,
		},
	};
	int ret;

	if (from_len > LOADER_UNPACK_MAX || to_size > LOADER_UNPACK_MAX)
		return FW_ENOTSUP;
	ret = ring(&call);
	if (ret >= 0)
		return ret;
	return ret == LOADER_ENOTSUP ? FW_ENOTSUP : FW_ECORRUPT;
}

int fw_unpack(enum fw_codec codec, const void *from, size_t from_len, void *to, size_t to_size)
{
	return unpack(codec, from, from_len, to, to_size, false);
}

int fw_unpack_start(enum fw_codec codec, const void *from, size_t from_len, void *to, size_t to_size)
{
	return unpack(codec, from, from_len, to, to_size, true);
}

int call_kernel(const void *kernel, size_t kernel_bytes, const char *name)
{
	struct loader_call call = {
		.code = LOADER_KERNEL,
		.kernel = {
			.kernel = mmio_address(kernel),
			.kernel_bytes = (uint32_t)kernel_bytes,
			.name = mmio_address(name),
			.name_bytes = (uint32_t)strlen(name),
		},
	};

	return ring(&call);
}

int call_start(const struct call_start *start)
{
	struct loader_call call = {
		.code = LOADER_START,
		.start = {
			.initrd = mmio_address(start->initrd),
			.initrd_bytes = (uint32_t)start->initrd_bytes,
			.command_line = mmio_address(start->command_line),
			.command_line_bytes = (uint32_t)strlen(start->command_line),
		},
	};

	return ring(&call);
}

/* The VM ends while the vCPU is in this call, or soon after. */
static _Noreturn void end(struct loader_call *call)
{
	(void)ring(call);
	for (;;)
		__asm__ volatile("pause");
}

void call_fail(const char *why)
{
	struct loader_call call = {
		.code = LOADER_FAIL,
		.say = { .text = mmio_address(why), .text_bytes = (uint32_t)strlen(why) },
	};

	end(&call);
}

void call_done(void)
{
	struct loader_call call = { .code = LOADER_DONE };

	end(&call);
}
