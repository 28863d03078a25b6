/* Any page as an overlay's header, and any bytes as its bitmap: what is accepted is possible, says the same when it is
 * written again, and the bitmap's runs stay inside it. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "virtio/backend/overlay/bitmap.h"
#include "virtio/backend/overlay/header.h"
#include "vmm/base/fd.h"

#define BITMAP_BYTES 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_header(const uint8_t page[OVERLAY_HEADER_BYTES])
{
	struct overlay_header header, again;
	uint8_t written[OVERLAY_HEADER_BYTES];

	if (overlay_header_decode(page, &header) != NULL)
		return;
	if (header.disk_bytes == 0 || header.disk_bytes > OVERLAY_MAX_DISK_BYTES ||
	    overlay_data_offset(header.disk_bytes) < OVERLAY_BITMAP_OFFSET + overlay_bitmap_bytes(header.disk_bytes) ||
	    overlay_file_bytes(header.disk_bytes) < header.disk_bytes ||
	    memchr(header.base.path, '\0', sizeof(header.base.path)) == NULL)
		abort();
	overlay_header_encode(&header, written);
	if (overlay_header_decode(written, &again) != NULL || overlay_base_compare(&header, &again) != NULL)
		abort();
}

/* The fields as they come, in a page whose magic, version and checksum are right. */
static void check_fields(const uint8_t *data, size_t len)
{
	uint8_t page[OVERLAY_HEADER_BYTES];
	struct overlay_header header = { 0 };

	memcpy(&header.disk_bytes, data, len < 8 ? len : 8);
	if (len > 8)
		header.base.format = (enum block_format)(data[8] % 4);
	if (len > 9)
		memcpy(header.base.path, data + 9, len - 9 < OVERLAY_PATH_BYTES ? len - 9 : OVERLAY_PATH_BYTES);
	overlay_header_encode(&header, page);
	check_header(page);
}

static void check_bitmap(const uint8_t *data, size_t len)
{
	struct overlay_bitmap bitmap;
	int fd = memfd_create("bitmap", MFD_CLOEXEC);
	bool is_set;

	if (fd < 0 || ftruncate(fd, BITMAP_BYTES) < 0 ||
	    fd_pwrite_full(fd, data, len < BITMAP_BYTES ? len : BITMAP_BYTES, 0) < 0 ||
	    overlay_bitmap_init(&bitmap, BITMAP_BYTES, true) < 0)
		abort();
	if (overlay_bitmap_load(&bitmap, fd, 0) < 0 || overlay_bitmap_is_dirty(&bitmap))
		abort();
	for (uint64_t at = 0; at < BITMAP_BYTES * 8;) {
		uint64_t n = overlay_bitmap_run(&bitmap, at, BITMAP_BYTES * 8 - at, &is_set);

		if (n == 0 || n > BITMAP_BYTES * 8 - at)
			abort();
		at += n;
	}
	overlay_bitmap_fini(&bitmap);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t page[OVERLAY_HEADER_BYTES] = { 0 };

	memcpy(page, data, len < sizeof(page) ? len : sizeof(page));
	check_header(page);
	check_fields(data, len);
	check_bitmap(data, len);
	return 0;
}
