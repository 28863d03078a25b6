/* Boot Loader Specification entries, loader.conf, and unified kernel images. */
#include "firmware/config/bls.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "firmware/core/error.h"
#include "test/unit/firmware_fake_fs.h"
#include "test/unit/firmware_said.h"
#include "test/unit/unit.h"

static struct places *places;
static struct entries entries;
static struct mounted *esp;
static struct mounted *boot;
static struct mounted *other;

static void start(void)
{
	static const struct fake_place partitions[] = {
		{ .name = "vda1",
		  .kind = "vfat",
		  .uuid = "abcd-1234",
		  .volume = { .kind = VOLUME_PARTITION, .partition = 1, .scheme = 'g', .is_esp = true } },
		{ .name = "vda2",
		  .volume = { .kind = VOLUME_PARTITION, .partition = 2, .scheme = 'g', .is_xbootldr = true } },
		{ .name = "vda3", .volume = { .kind = VOLUME_PARTITION, .partition = 3, .scheme = 'g' } },
	};

	said_clear();
	places = fake_begin(1 << 20);
	memset(&entries, 0, sizeof(entries));
	esp = fake_add(&partitions[0]);
	boot = fake_add(&partitions[1]);
	other = fake_add(&partitions[2]);
}

static void read_all(void)
{
	ck_assert_int_eq(bls_read(places, &entries), 0);
}

START_TEST(an_entry_has_all_its_parts)
{
	fake_file(boot, "/loader/entries/1234-6.1.conf",
		  "# written by kernel-install\n"
		  "title      Debian GNU/Linux 12 (bookworm)\n"
		  "version    6.1.0-18-amd64\n"
		  "machine-id 5ce38cbb1dd24c8e8e2c2a0f5b9d6e11\n"
		  "sort-key   debian\n"
		  "architecture x64\n"
		  "options    root=/dev/vda3 ro\n"
		  "linux      /1234/6.1/linux\r\n"
		  "initrd     /1234/6.1/microcode\n"
		  "initrd     1234/6.1/initrd.img\n"
		  "initrd     /none\n"
		  "options    quiet  $literal\n"
		  "devicetree /x.dtb\n"
		  "\n"
		  "title");
	fake_file(boot, "/1234/6.1/linux", "kernel");
	fake_file(boot, "/1234/6.1/microcode", "initrd");
	fake_file(boot, "/1234/6.1/initrd.img", "initrd");
	read_all();
	ck_assert_uint_eq(entries.nr, 1);
	ck_assert_str_eq(entries.list[0].id, "1234-6.1");
	ck_assert_str_eq(entries.list[0].kernel.path, "/1234/6.1/linux");
	ck_assert_ptr_eq(entries.list[0].kernel.where, boot);
	ck_assert_uint_eq(entries.list[0].nr_initrds, 2);
	ck_assert_str_eq(entries.list[0].initrds[0].path, "/1234/6.1/microcode");
	ck_assert_str_eq(entries.list[0].initrds[1].path, "/1234/6.1/initrd.img");
	ck_assert_str_eq(entries.list[0].arguments, "root=/dev/vda3 ro quiet  $literal");
	ck_assert_str_eq(entries.list[0].origin, "/loader/entries/1234-6.1.conf on vda2");
	ck_assert_ptr_nonnull(strstr(said(), "there is no /none"));
}
END_TEST

static void put(struct mounted *where, const char *path, const char *text)
{
	fake_file(where, "/linux", "kernel");
	fake_file(where, path, text);
}

#define ENTRY(keys) "linux /linux\n" keys

START_TEST(entries_are_sorted)
{
	put(esp, "/loader/entries/bad+0-3.conf", ENTRY("title bad\nsort-key a\n"));
	put(esp, "/loader/entries/plain-1.9.conf", ENTRY("title plain 1.9\n"));
	put(boot, "/loader/entries/plain-1.10.conf", ENTRY("title plain 1.10\n"));
	put(esp, "/loader/entries/k2.conf", ENTRY("title kkkk b 9\nsort-key kkkk\nmachine-id b\nversion 9\n"));
	put(boot, "/loader/entries/k1+3.conf", ENTRY("title kkkk a 2\nsort-key kkkk\nmachine-id a\nversion 2\n"));
	put(esp, "/loader/entries/k0+2-1.conf", ENTRY("title kkkk a 10\nsort-key kkkk\nmachine-id a\nversion 10\n"));
	put(esp, "/loader/entries/z.conf", ENTRY("title a\nsort-key a\nversion 0\n"));
	read_all();
	ck_assert_uint_eq(entries.nr, 7);
	ck_assert_str_eq(entries.list[0].title, "a");
	ck_assert_str_eq(entries.list[1].title, "kkkk a 10");
	ck_assert_str_eq(entries.list[1].id, "k0");
	ck_assert_str_eq(entries.list[2].title, "kkkk a 2");
	ck_assert_str_eq(entries.list[2].id, "k1");
	ck_assert_str_eq(entries.list[3].title, "kkkk b 9");
	ck_assert_str_eq(entries.list[4].title, "plain 1.10");
	ck_assert_str_eq(entries.list[5].title, "plain 1.9");
	ck_assert_str_eq(entries.list[6].title, "bad");
	ck_assert_str_eq(entries.list[6].id, "bad");
	ck_assert_uint_eq(entries.chosen, 0);
	ck_assert_uint_eq(entries.timeout_seconds, 0);
}
END_TEST

static const struct {
	const char *loader_conf;
	unsigned int chosen;
	unsigned int timeout_seconds;
} loader_confs[] = {
	{ "default arch-lts.conf\ntimeout 4\n", 1, 4 },
	{ "timeout menu-force\ndefault arch-lts\n", 1, UINT_MAX },
	{ "timeout menu-hidden\ndefault *-lts*\n", 1, 0 },
	{ "#default arch-lts.conf\n\n  \ndefault\ntimeout\n", 0, 0 },
	{ "default none.conf\n", 0, 0 },
	{ "default @saved\nconsole-mode max\n", 0, 0 },
	{ "default   ARCH-???.conf  \ntimeout 12x\n", 1, 0 },
};

START_TEST(loader_conf_chooses)
{
	put(esp, "/loader/entries/arch.conf", ENTRY("title Arch\nsort-key a"));
	put(esp, "/loader/entries/arch-lts.conf", ENTRY("title LTS\nsort-key b"));
	fake_file(esp, "/loader/loader.conf", loader_confs[_i].loader_conf);
	read_all();
	ck_assert_uint_eq(entries.nr, 2);
	ck_assert_uint_eq(entries.chosen, loader_confs[_i].chosen);
	ck_assert_uint_eq(entries.timeout_seconds, loader_confs[_i].timeout_seconds);
}
END_TEST

START_TEST(other_file_systems_come_second)
{
	put(other, "/boot/loader/entries/x.conf", ENTRY("title other"));
	read_all();
	ck_assert_uint_eq(entries.nr, 1);
	ck_assert_str_eq(entries.list[0].title, "other");
	memset(&entries, 0, sizeof(entries));
	put(esp, "/loader/entries/x.conf", ENTRY("title esp"));
	read_all();
	ck_assert_uint_eq(entries.nr, 1);
	ck_assert_str_eq(entries.list[0].title, "esp");
}
END_TEST

START_TEST(what_can_not_start_is_left_out)
{
	put(esp, "/loader/entries/no-kernel.conf", "title x\nlinux /none\n");
	put(esp, "/loader/entries/arm.conf", ENTRY("architecture aa64\n"));
	put(esp, "/loader/entries/shell.conf", "title Shell\nefi /shell.efi\n");
	put(esp, "/loader/entries/empty.conf", "");
	put(esp, "/loader/entries/.conf", ENTRY(""));
	put(esp, "/loader/entries/linux.txt", ENTRY(""));
	fake_file(esp, "/loader/entries/directory.conf/file", "x");
	read_all();
	ck_assert_uint_eq(entries.nr, 0);
	ck_assert_ptr_nonnull(strstr(said(), "arm.conf on vda1 is left out: it is for another architecture"));
	ck_assert_ptr_nonnull(strstr(said(), "shell.conf on vda1 is left out: it is an EFI program"));
	ck_assert_ptr_nonnull(strstr(said(), "no-kernel.conf on vda1 is left out: it names no kernel that is there"));
}
END_TEST

static const char *get(void *arg, const char *name, size_t len)
{
	ck_assert_ptr_eq(arg, places);
	return len == 1 && *name == 'a' ? "value" : "";
}

START_TEST(variables_are_put_in)
{
	const struct bls_variables variables = { .get = get, .arg = places };
	struct bls_entry *list = NULL;

	put(esp, "/loader/entries/x.conf", ENTRY("initrd $a /$a.img\noptions $a ${a} $b ${a $ $$ x$a-$\n"));
	fake_file(esp, "/value.img", "initrd");
	ck_assert_int_eq(bls_add_entries(esp, "/loader/entries", &variables, &list), 0);
	ck_assert_ptr_nonnull(list);
	ck_assert_str_eq(list->entry.arguments, "value value  value $ $$ xvalue-$");
	ck_assert_uint_eq(list->entry.nr_initrds, 1);
	ck_assert_str_eq(list->entry.initrds[0].path, "/value.img");
}
END_TEST

/* A unified kernel image: headers, and four sections of which the last is the kernel. */
struct image {
	uint8_t dos[64];
	uint8_t pe[24];
	uint8_t optional[16];
	struct {
		char name[8];
		uint32_t virtual_bytes;
		uint32_t address;
		uint32_t file_bytes;
		uint32_t file_offset;
		uint8_t unused[16];
	} sections[4];
	char os_release[96];
	char arguments[32];
	uint8_t initrd[48];
	uint8_t kernel[100];
};

static void put_image(struct image *image, const char *path)
{
	static const struct {
		const char *name;
		size_t offset;
		size_t bytes;
		size_t used;
	} sections[4] = {
		{ ".osrel", offsetof(struct image, os_release), 96, 0 },
		{ ".cmdline", offsetof(struct image, arguments), 32, 0 },
		{ ".initrd", offsetof(struct image, initrd), 48, 40 },
		{ ".linux", offsetof(struct image, kernel), 100, 100 },
	};

	memset(image, 0, sizeof(*image));
	memcpy(image->dos, "MZ", 2);
	image->dos[60] = 64;
	memcpy(image->pe, "PE\0\0\x64\x86\x04", 7);
	image->pe[20] = sizeof(image->optional);
	for (unsigned int i = 0; i < 4; i++) {
		memcpy(image->sections[i].name, sections[i].name, strlen(sections[i].name));
		image->sections[i].virtual_bytes = (uint32_t)sections[i].used;
		image->sections[i].file_bytes = (uint32_t)sections[i].bytes;
		image->sections[i].file_offset = (uint32_t)sections[i].offset;
	}
	strcpy(image->os_release, "NAME=Arch\nPRETTY_NAME=\"Arch Linux\"\nID=arch\nVERSION_ID='2'\nBROKEN\n");
	strcpy(image->arguments, "root=/dev/vda3 rw\n");
	fake_bytes(esp, path, image, sizeof(*image));
}

START_TEST(unified_images_are_entries)
{
	struct image image;

	put_image(&image, "/EFI/Linux/arch.efi");
	fake_file(esp, "/EFI/Linux/short.efi", "MZ");
	fake_file(esp, "/EFI/Linux/notes.txt", "MZ");
	put(esp, "/loader/entries/a.conf", ENTRY("title first\nsort-key aaaa\n"));
	read_all();
	ck_assert_uint_eq(entries.nr, 2);
	ck_assert_str_eq(entries.list[1].title, "Arch Linux");
	ck_assert_str_eq(entries.list[1].id, "arch.efi");
	ck_assert_str_eq(entries.list[1].arguments, "root=/dev/vda3 rw");
	ck_assert_str_eq(entries.list[1].kernel.path, "/EFI/Linux/arch.efi");
	ck_assert_uint_eq(entries.list[1].kernel.offset_bytes, offsetof(struct image, kernel));
	ck_assert_uint_eq(entries.list[1].kernel.size_bytes, 100);
	ck_assert_uint_eq(entries.list[1].nr_initrds, 1);
	ck_assert_uint_eq(entries.list[1].initrds[0].offset_bytes, offsetof(struct image, initrd));
	ck_assert_uint_eq(entries.list[1].initrds[0].size_bytes, 40);
	ck_assert_ptr_nonnull(strstr(said(), "/EFI/Linux/short.efi on vda1 is left out"));
}
END_TEST

/* One byte of an image that makes it none, or one without a kernel. */
static const struct {
	size_t offset;
	uint8_t value;
} breaks[] = {
	{ 0, 'X' },
	{ 60, 0xff }, /* the header's place leaves the file's headers */
	{ 63, 0xff },
	{ 64, 'X' },
	{ 64 + 4, 0 }, /* another machine */
	{ 64 + 6, 0 }, /* no sections */
	{ 64 + 7, 1 }, /* too many */
	{ 64 + 21, 0xff }, /* the table's place leaves the file */
	{ offsetof(struct image, sections[3].name), 'x' },
	{ offsetof(struct image, sections[3].virtual_bytes), 101 }, /* of which the file has 100: all right */
	{ offsetof(struct image, sections[3].file_offset) + 3, 0xff },
	{ offsetof(struct image, sections[3].file_offset) + 1, 0x02 },
};

START_TEST(broken_images_are_left_out)
{
	struct image image;
	bool is_fine = breaks[_i].value == 101;

	put_image(&image, "/EFI/Linux/arch.efi");
	((uint8_t *)&image)[breaks[_i].offset] = breaks[_i].value;
	read_all();
	ck_assert_uint_eq(entries.nr, is_fine);
}
END_TEST

START_TEST(many_entries_fit)
{
	static char names[200][64];

	for (unsigned int i = 0; i < 200; i++) {
		snprintf(names[i], sizeof(names[i]), "/loader/entries/entry-%u.conf", i);
		put(esp, names[i], ENTRY(""));
	}
	read_all();
	ck_assert_uint_eq(entries.nr, ENTRY_MAX);
	ck_assert_str_eq(entries.list[0].title, "entry-199");
}
END_TEST

START_TEST(small_memory_is_an_error)
{
	int rc = FW_ENOMEM;

	for (size_t size = 0; rc == FW_ENOMEM && size < 200000; size += 1009) {
		start();
		places = fake_begin(size);
		esp = fake_add(&(struct fake_place){ .name = "vda1" });
		put(esp, "/loader/entries/a.conf", ENTRY("initrd /linux\noptions a b c\n"));
		rc = bls_read(places, &entries);
	}
	/* A directory without room for its names is like an empty one. */
	ck_assert_int_eq(rc, 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("firmware/config/bls");
	TCase *tc = tcase_create("bls");

	tcase_add_checked_fixture(tc, start, NULL);
	tcase_add_test(tc, an_entry_has_all_its_parts);
	tcase_add_test(tc, entries_are_sorted);
	tcase_add_loop_test(tc, loader_conf_chooses, 0, sizeof(loader_confs) / sizeof(loader_confs[0]));
	tcase_add_test(tc, other_file_systems_come_second);
	tcase_add_test(tc, what_can_not_start_is_left_out);
	tcase_add_test(tc, variables_are_put_in);
	tcase_add_test(tc, unified_images_are_entries);
	tcase_add_loop_test(tc, broken_images_are_left_out, 0, sizeof(breaks) / sizeof(breaks[0]));
	tcase_add_test(tc, many_entries_fit);
	tcase_add_test(tc, small_memory_is_an_error);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return unit_main(suite());
}
