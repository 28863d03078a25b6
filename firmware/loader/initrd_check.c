#include "firmware/loader/initrd_check.h"

#include "firmware/core/bytes.h"
#include "firmware/core/unpack.h"

#define ARCHIVE_ALIGN 4
#define HEADER_BYTES 110
#define FILESIZE_AT 54
#define NAMESIZE_AT 94
#define HEX_DIGITS 8
#define MAX_ARCHIVES 16 /* one behind the other */

static const char blk_module[] = "/virtio_blk.ko";
static const char pci_module[] = "/virtio_pci.ko";
static const char builtin_list[] = "/modules.builtin";

static const struct {
	char bytes[6];
	uint8_t len;
	enum fw_codec codec;
} codecs[] = {
	{ "\x1f\x8b", 2, FW_GZIP },
	{ "\x28\xb5\x2f\xfd", 4, FW_ZSTD },
	{ "\xfd"
	  "7zXZ",
	  5, FW_XZ },
	{ "\x02\x21\x4c\x18", 4, FW_LZ4_LEGACY },
	{ "\x5d\x00\x00", 3, FW_LZMA },
};

static bool read_hex(const uint8_t *at, size_t *out)
{
	size_t value = 0;

	for (unsigned int i = 0; i < HEX_DIGITS; i++) {
		uint8_t c = at[i] | 0x20;

		if (c >= '0' && c <= '9')
			value = value << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (c - 'a' + 10u);
		else
			return false;
	}
	*out = value;
	return true;
}

bool initrd_names_module(const char *text, size_t len, const char *module)
{
	size_t wanted = strlen(module);

	for (size_t i = 0; i + wanted <= len; i++) {
		if (text[i] == module[0] && memcmp(text + i, module, wanted) == 0)
			return true;
	}
	return false;
}

static void look_at_file(const char *name, size_t name_len, const uint8_t *content, size_t len,
			 struct initrd_facts *facts)
{
	size_t suffix = sizeof(builtin_list) - 1;

	facts->has_virtio_blk |= initrd_names_module(name, name_len, blk_module);
	facts->has_virtio_pci |= initrd_names_module(name, name_len, pci_module);
	if (name_len < suffix || memcmp(name + name_len - suffix, builtin_list, suffix) != 0)
		return;
	facts->has_virtio_blk |= initrd_names_module((const char *)content, len, blk_module);
	facts->has_virtio_pci |= initrd_names_module((const char *)content, len, pci_module);
}

static size_t aligned(size_t at)
{
	return (at + ARCHIVE_ALIGN - 1) & ~(size_t)(ARCHIVE_ALIGN - 1);
}

/* Walks the archive's files; returns how many bytes belong to it, or 0 if it does not end as it should. */
static size_t walk_archive(const uint8_t *bytes, size_t len, struct initrd_facts *facts)
{
	size_t at = 0;

	while (at < len && len - at >= HEADER_BYTES) {
		size_t name_len, file_len, content;
		const char *name = (const char *)bytes + at + HEADER_BYTES;

		if (memcmp(bytes + at, "07070", 5) != 0 || !read_hex(bytes + at + FILESIZE_AT, &file_len) ||
		    !read_hex(bytes + at + NAMESIZE_AT, &name_len))
			return 0;
		content = aligned(at + HEADER_BYTES + name_len);
		if (name_len == 0 || content > len || file_len > len - content)
			return 0;
		if (name_len == sizeof("TRAILER!!!") && memcmp(name, "TRAILER!!!", name_len) == 0)
			return content;
		look_at_file(name, name_len - 1, bytes + content, file_len, facts);
		at = aligned(content + file_len);
	}
	return 0;
}

/* One that is compressed goes to its end: how long it is only its decoder knows, and nothing that matters follows. */
static void look_at_compressed(const uint8_t *bytes, size_t len, uint8_t *room, size_t room_size,
			       struct initrd_facts *facts)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		int got;

		if (len < codecs[i].len || memcmp(bytes, codecs[i].bytes, codecs[i].len) != 0)
			continue;
		got = fw_unpack_start(codecs[i].codec, bytes, len, room, room_size);
		if (got > 0) {
			facts->is_complete = walk_archive(room, (size_t)got, facts) > 0 && (size_t)got < room_size;
		}
		return;
	}
}

void initrd_check(const uint8_t *initrd, size_t len, uint8_t *room, size_t room_size, struct initrd_facts *facts)
{
	size_t at = 0;

	*facts = (struct initrd_facts){ 0 };
	for (unsigned int i = 0; i < MAX_ARCHIVES; i++) {
		size_t walked;

		while (at < len && initrd[at] == 0)
			at++;
		if (at >= len) {
			facts->is_complete = true;
			return;
		}
		if (initrd[at] != '0') {
			look_at_compressed(initrd + at, len - at, room, room_size, facts);
			return;
		}
		walked = walk_archive(initrd + at, len - at, facts);
		if (walked == 0)
			return;
		at += walked;
	}
}
