#include "vmm/cli/disk_option.h"

#include <errno.h>
#include <string.h>

#include "test/unit/cli_capture.h"
#include "test/unit/unit.h"

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
	const char *text;
	struct mote_disk disk;
} valid[] = {
	{ "disk.img", { .path = "disk.img" } },
	{ "/dev/vg0/web", { .path = "/dev/vg0/web" } },
	{ "a,ro", { .path = "a", .read_only = true } },
	{ "ro", { .path = "ro" } },
	{ "a,serial=S1", { .path = "a", .serial = "S1" } },
	{ "a,serial=x=y", { .path = "a", .serial = "x=y" } },
	{ "a,,b", { .path = "a,b" } },
	{ "a,,,ro", { .path = "a,", .read_only = true } },
	{ ",,a", { .path = ",a" } },
	{ "a,,,,b", { .path = "a,,b" } },
	{ "a,serial=1,,2,ro", { .path = "a", .serial = "1,2", .read_only = true } },
	{ "a,cache=direct", { .path = "a", .cache = MOTE_CACHE_DIRECT } },
	{ "a,cache=writeback", { .path = "a", .cache = MOTE_CACHE_WRITEBACK } },
	{ "a,cache=auto", { .path = "a" } },
	{ "a,engine=io_uring", { .path = "a", .engine = MOTE_ENGINE_IO_URING } },
	{ "a,engine=aio", { .path = "a", .engine = MOTE_ENGINE_AIO } },
	{ "a,engine=thread", { .path = "a", .engine = MOTE_ENGINE_THREAD } },
	{ "a,queues=4", { .path = "a", .queues = 4 } },
	{ "a,discard=off", { .path = "a", .no_discard = true } },
	{ "a,discard=off,discard=on", { .path = "a" } },
	{ "a b'c\"d", { .path = "a b'c\"d" } },
};

START_TEST(every_option_is_read)
{
	const struct mote_disk *expected = &valid[_i].disk;
	struct disk_option option;

	ck_assert_int_eq(disk_option_parse(valid[_i].text, &option), 0);
	ck_assert_str_eq(option.disk.path, expected->path);
	ck_assert_pstr_eq(option.disk.serial, expected->serial);
	ck_assert_int_eq(option.disk.read_only, expected->read_only);
	ck_assert_int_eq(option.disk.cache, expected->cache);
	ck_assert_int_eq(option.disk.engine, expected->engine);
	ck_assert_uint_eq(option.disk.queues, expected->queues);
	ck_assert_int_eq(option.disk.no_discard, expected->no_discard);
	disk_option_fini(&option);
	ck_assert_ptr_null(option.storage);
}
END_TEST

static const struct {
	const char *text;
	const char *says;
} invalid[] = {
	{ "", "names no disk" },
	{ ",ro", "names no disk" },
	{ "a,", "unknown option ''" },
	{ "a,ro,", "unknown option ''" },
	{ "a,rw", "unknown option 'rw'" },
	{ "a,RO", "unknown option 'RO'" },
	{ "a,ro=1", "unknown option 'ro=1'" },
	{ "a,cahce=direct", "did you mean 'cache'?" },
	{ "a,cache", "'cache' needs a value" },
	{ "a,cache=", "auto, direct or writeback" },
	{ "a,cache=none", "auto, direct or writeback" },
	{ "a,engine=uring", "auto, io_uring, aio or thread" },
	{ "a,queues=0", "a count from 1 on" },
	{ "a,queues=-1", "a count from 1 on" },
	{ "a,queues=99999999999", "a count from 1 on" },
	{ "a,serial=", "1 to 20 printable characters" },
	{ "a,discard=yes", "on or off" },
	{ "a,=", "unknown option '='" },
	{ "a,=ro", "unknown option '=ro'" },
	{ "a,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=1",
	  "unknown option 'xxx" },
};

START_TEST(each_mistake_is_one_line_that_quotes_what_was_asked)
{
	struct disk_option option = { .storage = NULL };
	struct capture capture;
	const char *said;
	int rc;

	capture_begin(&capture);
	rc = disk_option_parse(invalid[_i].text, &option);
	said = capture_end(&capture);
	ck_assert_int_eq(rc, -EINVAL);
	ck_assert_ptr_null(option.storage);
	ck_assert_uint_eq(count_lines(said), 1);
	ck_assert_msg(strstr(said, invalid[_i].says), "said: %s", said);
	ck_assert_msg(strstr(said, invalid[_i].text), "said: %s", said);
}
END_TEST

START_TEST(only_the_nearest_comma_pair_escapes)
{
	char text[9];

	/* Every string of eight commas and letters parses or is refused, and never reads beyond its end. */
	for (unsigned int pattern = 0; pattern < 256; pattern++) {
		struct disk_option option = { .storage = NULL };
		struct capture capture;

		for (int i = 0; i < 8; i++)
			text[i] = pattern >> i & 1 ? ',' : 'a';
		text[8] = '\0';
		capture_begin(&capture);
		if (disk_option_parse(text, &option) == 0)
			ck_assert_uint_ge(strlen(option.disk.path), 1);
		capture_end(&capture);
		disk_option_fini(&option);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/disk_option");
	TCase *tcase = tcase_create("disk_option");

	tcase_add_loop_test(tcase, every_option_is_read, 0, LENGTH(valid));
	tcase_add_loop_test(tcase, each_mistake_is_one_line_that_quotes_what_was_asked, 0, LENGTH(invalid));
	tcase_add_test(tcase, only_the_nearest_comma_pair_escapes);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
