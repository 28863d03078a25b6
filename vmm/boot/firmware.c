#include "vmm/boot/firmware.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/log.h"
#include "vmm/boot/long_mode.h"
#include "vmm/boot/low.h"
#include "vmm/boot/payload.h"

_Static_assert(sizeof(struct loader_info) <= LOW_GDT - LOW_INFO, "fits its page");

int firmware_unpack(const struct guest_memory *memory, const uint8_t *image, size_t image_bytes)
{
	uint32_t size = payload_unpacked_bytes(image, image_bytes);
	uint8_t *to;
	int ret;

	/* Also what the loader's bss and stack take must be memory. */
	to = guest_memory_at(memory, LOADER_BASE, LOADER_END - LOADER_BASE);
	if (!to)
		ret = -EFAULT;
	else if (size == 0 || size > LOADER_MAX_BYTES)
		ret = -EBADMSG;
	else
		ret = payload_unpack(PAYLOAD_ZSTD, image, image_bytes, to, size);
	if (ret)
		log_error("cannot unpack the boot loader: %s", strerror(-ret));
	return ret;
}

/* Strings lie one behind the other where a kernel's command line would be. */
static int place_string(const struct firmware_request *request, const char *text, uint32_t *used, uint32_t *at,
			uint32_t *bytes)
{
	size_t len = text ? strlen(text) : 0;

	*at = (uint32_t)request->low_base + LOW_COMMAND_LINE + *used;
	if (len > LOW_COMMAND_LINE_BYTES - *used)
		return -E2BIG;
	*bytes = (uint32_t)len;
	*used += (uint32_t)len;
	return guest_memory_write(request->memory, *at, text ? text : "", len);
}

static int place_info(const struct firmware_request *request)
{
	struct loader_info info = request->info;
	uint32_t used = 0;
	int ret;

	info.magic = LOADER_MAGIC;
	info.version = LOADER_VERSION;
	ret = place_string(request, request->entry, &used, &info.entry, &info.entry_bytes);
	if (!ret)
		ret = place_string(request, request->append, &used, &info.append, &info.append_bytes);
	if (!ret)
		ret = guest_memory_write(request->memory, request->low_base + LOW_INFO, &info, sizeof(info));
	return ret;
}

int firmware_place(const struct firmware_request *request, struct boot_entry *entry)
{
	const struct boot_request low = { .memory = request->memory, .low_base = request->low_base };
	int ret;

	*entry = (struct boot_entry){
		.protocol = BOOT_LINUX64,
		.rip = LOADER_BASE,
		.info = request->low_base + LOW_INFO,
	};
	ret = place_info(request);
	if (!ret)
		ret = long_mode_place(&low, entry, true);
	if (ret == -E2BIG)
		log_error("the boot entry and the arguments to append are too long together: at most %d bytes are "
			  "possible",
			  LOW_COMMAND_LINE_BYTES);
	else if (ret)
		log_error("cannot place the boot loader: %s", strerror(-ret));
	return ret;
}
