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
	{ "a,format=auto", { .path = "a" } },
	{ "a,format=raw", { .path = "a", .format = MOTE_FORMAT_RAW } },
	{ "a,format=qcow2", { .path = "a", .format = MOTE_FORMAT_QCOW2 } },
	{ "a,overlay=temp", { .path = "a", .overlay = MOTE_OVERLAY_TEMPORARY } },
	{ "a,overlay=./temp", { .path = "a", .overlay = MOTE_OVERLAY_KEEP, .overlay_path = "./temp" } },
	{ "a,overlay=b,,c", { .path = "a", .overlay = MOTE_OVERLAY_KEEP, .overlay_path = "b,c" } },
	{ "a,overlay=b,overlay=temp", { .path = "a", .overlay = MOTE_OVERLAY_TEMPORARY } },
	{ "lvm:vg/lv", { .path = "lvm:vg/lv" } },
	{ "lvm:vg/lv,snapshot", { .path = "lvm:vg/lv", .snapshot = true } },
	{ "lvm:vg/lv,snapshot,snapshot-size=2G",
	  { .path = "lvm:vg/lv", .snapshot = true, .snapshot_bytes = UINT64_C(2) << 30 } },
	{ "a,block=512", { .path = "a", .block_bytes = 512 } },
	{ "a,block=4096", { .path = "a", .block_bytes = 4096 } },
	{ "a,bandwidth=50M", { .path = "a", .bandwidth_bytes = 50 << 20 } },
	{ "a,bandwidth=1:2k", { .path = "a", .bandwidth_bytes = 1, .bandwidth_burst_bytes = 2048 } },
	{ "a,bandwidth=1M:1G,bandwidth=2M", { .path = "a", .bandwidth_bytes = 2 << 20 } },
	{ "a,iops=1000", { .path = "a", .iops = 1000 } },
	{ "a,iops=1000:4000", { .path = "a", .iops = 1000, .iops_burst = 4000 } },
	{ "a,error=report", { .path = "a" } },
	{ "a,error=pause", { .path = "a", .error = MOTE_ERROR_PAUSE } },
	{ "a,poll=auto", { .path = "a" } },
	{ "a,poll=off", { .path = "a", .poll_us = MOTE_POLL_OFF } },
	{ "a,poll=10000", { .path = "a", .poll_us = 10000 } },
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
	ck_assert_int_eq(option.disk.format, expected->format);
	ck_assert_int_eq(option.disk.overlay, expected->overlay);
	ck_assert_pstr_eq(option.disk.overlay_path, expected->overlay_path);
	ck_assert_int_eq(option.disk.snapshot, expected->snapshot);
	ck_assert_uint_eq(option.disk.snapshot_bytes, expected->snapshot_bytes);
	ck_assert_uint_eq(option.disk.block_bytes, expected->block_bytes);
	ck_assert_uint_eq(option.disk.bandwidth_bytes, expected->bandwidth_bytes);
	ck_assert_uint_eq(option.disk.bandwidth_burst_bytes, expected->bandwidth_burst_bytes);
	ck_assert_uint_eq(option.disk.iops, expected->iops);
	ck_assert_uint_eq(option.disk.iops_burst, expected->iops_burst);
	ck_assert_int_eq(option.disk.error, expected->error);
	ck_assert_int_eq(option.disk.poll_us, expected->poll_us);
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
	{ "a,format=vmdk", "auto, raw or qcow2" },
	{ "a,overlay", "'overlay' needs a value" },
	{ "a,overlay=", "temp, or a file's path" },
	{ "a,snapshot=1", "unknown option 'snapshot=1'" },
	{ "a,snapshots", "did you mean 'snapshot'?" },
	{ "a,snapshot-size=0", "a size such as 2G" },
	{ "a,snapshot-size=big", "a size such as 2G" },
	{ "a,block=1024", "512 or 4096" },
	{ "a,block=0512", "512 or 4096" },
	{ "a,bandwidth=0", "bytes a second from 1 on" },
	{ "a,bandwidth=50M:0", "bytes a second from 1 on" },
	{ "a,bandwidth=50M:", "bytes a second from 1 on" },
	{ "a,bandwidth=:50M", "bytes a second from 1 on" },
	{ "a,bandwidth=1:2:3", "bytes a second from 1 on" },
	{ "a,bandwidth=-1", "bytes a second from 1 on" },
	{ "a,bandwidth=50MB", "bytes a second from 1 on" },
	{ "a,bandwidth=000000000000000000000000000000000000001", "bytes a second from 1 on" },
	{ "a,iops=1k", "operations a second from 1 on" },
	{ "a,iops=0", "operations a second from 1 on" },
	{ "a,iops=99999999999", "operations a second from 1 on" },
	{ "a,iops=1:99999999999", "operations a second from 1 on" },
	{ "a,error=ignore", "report or pause" },
	{ "a,poll=0", "auto, off, or 1 to 10000 microseconds" },
	{ "a,poll=10001", "auto, off, or 1 to 10000 microseconds" },
	{ "a,poll=on", "auto, off, or 1 to 10000 microseconds" },
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
