#include "vmm/lib/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test/unit/unit.h"
#include "vmm/base/log.h"

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

static char last_line[1024];
static unsigned int nr_lines;

static void keep_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	if (level == LOG_ERROR)
		nr_lines++;
	snprintf(last_line, sizeof(last_line), "%s", line);
}

static struct mote_config config;
static struct checked_config checked;

static void setup(void)
{
	log_set_sink(keep_line, NULL);
	mote_config_init(&config);
	config.kernel = "vmlinuz";
}

static void assert_refused(int error, const char *says)
{
	nr_lines = 0;
	ck_assert_int_eq(config_build(&config, &checked), error);
	ck_assert_uint_eq(nr_lines, 1);
	ck_assert_msg(strstr(last_line, says), "said: %s", last_line);
}

static void assert_accepted(void)
{
	ck_assert_int_eq(config_build(&config, &checked), 0);
}

START_TEST(defaults_and_a_kernel_are_enough)
{
	char expected[32];

	assert_accepted();
	snprintf(expected, sizeof(expected), "mote-%ld", (long)getpid());
	ck_assert_str_eq(checked.name, expected);
	ck_assert_str_eq(checked.machine.kernel_path, "vmlinuz");
	ck_assert_ptr_null(checked.machine.initrd_path);
	ck_assert_str_eq(checked.machine.command_line, "");
	ck_assert(checked.machine.kaslr && checked.machine.use_cache);
	ck_assert_uint_eq(checked.machine.memory_bytes, UINT64_C(512) << 20);
	ck_assert_uint_eq(checked.machine.nr_cpus, 1);
	ck_assert_uint_eq(checked.machine.nr_disks, 0);
	ck_assert_int_eq(checked.machine.console_in_fd, -1);
	ck_assert_int_eq(checked.machine.console_out_fd, -1);
}
END_TEST

START_TEST(a_kernel_or_a_disk_is_needed)
{
	config.kernel = NULL;
	assert_refused(-EINVAL, "no kernel is given and no disk");
	config.kernel = "";
	assert_refused(-EINVAL, "kernel's name is empty");
	config.kernel = "k";
	config.initrd = "";
	assert_refused(-EINVAL, "initrd's name is empty");
}
END_TEST

START_TEST(a_disk_may_bring_the_kernel)
{
	config.kernel = NULL;
	config.nr_disks = 1;
	config.disks[0].path = "disk";
	config.boot_entry = "1>2";
	config.command_line = "quiet";
	assert_accepted();
	ck_assert_ptr_null(checked.machine.kernel_path);
	ck_assert_str_eq(checked.machine.boot_entry, "1>2");
	ck_assert_str_eq(checked.machine.command_line, "quiet");
	ck_assert(!checked.machine.boot_menu && !checked.machine.inspect);

	config.initrd = "i";
	assert_refused(-EINVAL, "the disk brings its own");
	config.initrd = NULL;
	config.boot_menu = true;
	assert_refused(-EINVAL, "needs a console with input");
	config.console_in_fd = STDIN_FILENO;
	config.inspect = true;
	assert_accepted();
	ck_assert(checked.machine.boot_menu && checked.machine.inspect);
}
END_TEST

START_TEST(a_kernel_and_a_boot_entry_exclude_each_other)
{
	config.boot_entry = "0";
	assert_refused(-EINVAL, "of no use with a kernel");
	config.boot_entry = NULL;
	config.boot_menu = true;
	assert_refused(-EINVAL, "of no use with a kernel");
	config.boot_menu = false;
	config.inspect = true;
	assert_refused(-EINVAL, "of no use with a kernel");
}
END_TEST

START_TEST(memory_is_bounded_on_both_sides_and_in_steps)
{
	config.memory_bytes = UINT64_C(16) << 20;
	assert_accepted();
	config.memory_bytes = UINT64_C(1) << 40;
	assert_accepted();
	config.memory_bytes = 0;
	assert_refused(-EINVAL, "memory of 0 bytes is too little: at least 16 MiB");
	config.memory_bytes = (UINT64_C(16) << 20) - 1;
	assert_refused(-EINVAL, "too little");
	config.memory_bytes = (UINT64_C(1) << 40) + (1 << 20);
	assert_refused(-EINVAL, "at most 1024 GiB");
	config.memory_bytes = UINT64_MAX;
	assert_refused(-EINVAL, "at most 1024 GiB");
	config.memory_bytes = (UINT64_C(100) << 20) + 4096;
	assert_refused(-EINVAL, "the next smaller size is 100M");
}
END_TEST

START_TEST(cpus_are_bounded_on_both_sides)
{
	config.cpus = 0;
	assert_refused(-EINVAL, "0 CPUs are not possible: ask for 1 to 64");
	config.cpus = MOTE_MAX_CPUS + 1;
	assert_refused(-EINVAL, "65 CPUs are not possible");
	config.cpus = MOTE_MAX_CPUS;
	assert_accepted();
	ck_assert_uint_eq(checked.machine.nr_cpus, MOTE_MAX_CPUS);
}
END_TEST

static const char *const good_names[] = { "a", "web-1", "_x", "A.b_c-9",
					  "123456789012345678901234567890123456789012345678901234567890123" };
static const char *const bad_names[] = {
	"",    ".",   "..",   ".hidden",     "-x",
	"a/b", "a b", "a\nb", "n\xc3\xa4me", "1234567890123456789012345678901234567890123456789012345678901234"
};

START_TEST(a_name_that_can_be_a_folder_is_taken)
{
	config.name = good_names[_i];
	assert_accepted();
	ck_assert_str_eq(checked.name, good_names[_i]);
}
END_TEST

START_TEST(a_name_that_can_not_be_a_folder_is_refused)
{
	config.name = bad_names[_i];
	assert_refused(-EINVAL, "is not possible");
}
END_TEST

START_TEST(the_command_line_is_passed_on_as_it_is)
{
	config.command_line = "root=/dev/vda  console=tty0 -- x";
	assert_accepted();
	ck_assert_str_eq(checked.machine.command_line, config.command_line);
	config.command_line = NULL;
	assert_accepted();
	ck_assert_str_eq(checked.machine.command_line, "");
}
END_TEST

START_TEST(console_kinds_and_descriptors_are_checked)
{
	config.console = (enum mote_console)3;
	assert_refused(-EINVAL, "console kind 3 does not exist");
	config.console = (enum mote_console) - 1;
	assert_refused(-EINVAL, "does not exist");
	config.console = MOTE_CONSOLE_HVC;
	config.console_in_fd = 987;
	assert_refused(-EBADF, "input is descriptor 987, which is not open");
	config.console_in_fd = -2;
	assert_refused(-EBADF, "input is descriptor -2");
	config.console_in_fd = STDIN_FILENO;
	config.console_out_fd = 987;
	assert_refused(-EBADF, "output is descriptor 987");
	config.console_out_fd = STDERR_FILENO;
	config.console_escape = 0x1d;
	assert_accepted();
	ck_assert_int_eq(checked.machine.console, MACHINE_CONSOLE_HVC);
	ck_assert_int_eq(checked.machine.console_in_fd, STDIN_FILENO);
	ck_assert_int_eq(checked.machine.console_out_fd, STDERR_FILENO);
	ck_assert_uint_eq(checked.machine.console_escape, 0x1d);
}
END_TEST

START_TEST(a_disk_arrives_with_all_its_options)
{
	const struct machine_disk *disk = &checked.machine.disks[1];

	config.nr_disks = 2;
	config.disks[0] = (struct mote_disk){ .path = "a" };
	config.disks[1] = (struct mote_disk){ .path = "b",
					      .read_only = true,
					      .serial = "12345678901234567890",
					      .cache = MOTE_CACHE_WRITEBACK,
					      .engine = MOTE_ENGINE_AIO,
					      .queues = 16,
					      .no_discard = true };
	assert_accepted();
	ck_assert_uint_eq(checked.machine.nr_disks, 2);
	ck_assert_str_eq(disk->block.path, "b");
	ck_assert(disk->block.read_only && !disk->block.discard);
	ck_assert_int_eq(disk->block.cache, BLOCK_CACHE_WRITEBACK);
	ck_assert_int_eq(disk->engine, LOOP_ENGINE_AIO);
	ck_assert_uint_eq(disk->nr_queues, 16);
	ck_assert_str_eq(disk->serial, "12345678901234567890");
	ck_assert(checked.machine.disks[0].block.discard);
	ck_assert_str_eq(checked.machine.disks[0].serial, "");
}
END_TEST

START_TEST(a_disk_s_newer_options_arrive_too)
{
	const struct machine_disk *disks = checked.machine.disks;

	config.nr_disks = 3;
	config.disks[0] = (struct mote_disk){ .path = "a" };
	config.disks[1] = (struct mote_disk){ .path = "b",
					      .format = MOTE_FORMAT_QCOW2,
					      .overlay = MOTE_OVERLAY_KEEP,
					      .overlay_path = "o",
					      .block_bytes = 4096,
					      .bandwidth_bytes = 50,
					      .iops = 9,
					      .error = MOTE_ERROR_PAUSE,
					      .poll_us = 50 };
	config.disks[2] = (struct mote_disk){ .path = "lvm:vg0/web-1",
					      .snapshot = true,
					      .snapshot_bytes = 1 << 30,
					      .overlay = MOTE_OVERLAY_TEMPORARY,
					      .bandwidth_bytes = UINT64_C(1) << 34,
					      .bandwidth_burst_bytes = UINT64_C(1) << 40,
					      .iops = 1000,
					      .iops_burst = 1,
					      .poll_us = MOTE_POLL_OFF };
	assert_accepted();
	ck_assert_str_eq(disks[0].block.path, "a");
	ck_assert_int_eq(disks[0].block.overlay, BLOCK_OVERLAY_NONE);
	ck_assert_uint_eq(disks[0].limits.bytes.per_second, 0);
	ck_assert_uint_eq(disks[0].limits.operations.per_second, 0);
	ck_assert(!disks[0].pause_on_error && !disks[0].snapshot);
	ck_assert_int_eq(disks[0].poll_us, -1);
	ck_assert_int_eq(disks[1].block.format, BLOCK_FORMAT_QCOW2);
	ck_assert_int_eq(disks[1].block.overlay, BLOCK_OVERLAY_KEEP);
	ck_assert_str_eq(disks[1].block.overlay_path, "o");
	ck_assert_uint_eq(disks[1].block.logical_block_bytes, 4096);
	ck_assert_uint_eq(disks[1].limits.bytes.burst, 5);
	ck_assert_uint_eq(disks[1].limits.operations.burst, 1);
	ck_assert(disks[1].pause_on_error);
	ck_assert_int_eq(disks[1].poll_us, 50);
	ck_assert_ptr_null(disks[2].block.path);
	ck_assert_str_eq(disks[2].lvm_name, "vg0/web-1");
	ck_assert(disks[2].snapshot);
	ck_assert_uint_eq(disks[2].snapshot_bytes, 1 << 30);
	ck_assert_uint_eq(disks[2].limits.bytes.burst, UINT64_C(1) << 40);
	ck_assert_uint_eq(disks[2].limits.operations.burst, 1);
	ck_assert_int_eq(disks[2].poll_us, 0);
}
END_TEST

START_TEST(queues_default_to_the_cpus_but_at_most_four)
{
	config.nr_disks = 1;
	config.disks[0].path = "a";
	for (unsigned int cpus = 1; cpus <= MOTE_MAX_CPUS; cpus++) {
		config.cpus = cpus;
		assert_accepted();
		ck_assert_uint_eq(checked.machine.disks[0].nr_queues, cpus < 4 ? cpus : 4);
	}
}
END_TEST

static const struct {
	struct mote_disk disk;
	const char *says;
} bad_disks[] = {
	{ { .path = NULL }, "disk 0 has no path" },
	{ { .path = "" }, "disk 0 has no path" },
	{ { .path = "a", .serial = "" }, "has 0 bytes: 1 to 20" },
	{ { .path = "a", .serial = "123456789012345678901" }, "has 21 bytes: 1 to 20" },
	{ { .path = "a", .serial = "x y" }, "byte 2 of the serial number" },
	{ { .path = "a", .serial = "x\x1b[2J" }, "byte 2 of the serial number" },
	{ { .path = "a", .serial = "\xff" }, "byte 1 of the serial number" },
	{ { .path = "a", .queues = 17 }, "17 queues are too many: at most 16" },
	{ { .path = "a", .cache = (enum mote_cache)3 }, "cache mode 3 does not exist" },
	{ { .path = "a", .engine = (enum mote_engine)4 }, "engine 4 does not exist" },
	{ { .path = "a", .engine = (enum mote_engine) - 1 }, "does not exist" },
	{ { .path = "a", .format = (enum mote_format)3 }, "format 3 does not exist" },
	{ { .path = "a", .overlay = (enum mote_overlay)3 }, "overlay 3 does not exist" },
	{ { .path = "a", .error = (enum mote_error_policy)2 }, "error policy 2 does not exist" },
	{ { .path = "a", .overlay = MOTE_OVERLAY_KEEP }, "has no path" },
	{ { .path = "a", .overlay = MOTE_OVERLAY_KEEP, .overlay_path = "" }, "has no path" },
	{ { .path = "a", .overlay_path = "b" }, "only if it is kept" },
	{ { .path = "a", .overlay = MOTE_OVERLAY_TEMPORARY, .overlay_path = "b" }, "only if it is kept" },
	{ { .path = "a", .overlay = MOTE_OVERLAY_TEMPORARY, .read_only = true }, "ro and overlay=temp exclude" },
	{ { .path = "a", .snapshot = true }, "name one as lvm:VG/LV" },
	{ { .path = "/dev/vg0/web", .snapshot_bytes = 1 }, "name one as lvm:VG/LV" },
	{ { .path = "lvm:v/l", .snapshot_bytes = 1 }, "no use without snapshot" },
	{ { .path = "lvm:v/l", .snapshot = true, .overlay = MOTE_OVERLAY_KEEP, .overlay_path = "o" }, "outlive" },
	{ { .path = "lvm:" }, "names no logical volume" },
	{ { .path = "lvm:vg" }, "names no logical volume" },
	{ { .path = "lvm:/lv" }, "names no logical volume" },
	{ { .path = "lvm:vg/" }, "names no logical volume" },
	{ { .path = "lvm:vg/a/b" }, "names no logical volume" },
	{ { .path = "lvm:../lv" }, "names no logical volume" },
	{ { .path = "lvm:vg/." }, "names no logical volume" },
	{ { .path = "lvm:-x/lv" }, "names no logical volume" },
	{ { .path = "lvm:vg/-y" }, "names no logical volume" },
	{ { .path = "lvm:vg/l v" }, "names no logical volume" },
	{ { .path = "lvm:vg/l;v" }, "names no logical volume" },
	{ { .path = "a", .block_bytes = 1024 }, "blocks of 1024 bytes are not possible: there are 512 and 4096" },
	{ { .path = "a", .poll_us = -2 }, "polling for -2 microseconds" },
	{ { .path = "a", .poll_us = 10001 }, "polling for 10001 microseconds" },
	{ { .path = "a", .bandwidth_bytes = (UINT64_C(1) << 34) + 1 }, "no limit that mote can keep" },
	{ { .path = "a", .bandwidth_bytes = 1, .bandwidth_burst_bytes = (UINT64_C(1) << 40) + 1 }, "is too much" },
	{ { .path = "a", .bandwidth_burst_bytes = 1 }, "needs a rate: bandwidth=RATE:BURST" },
	{ { .path = "a", .iops_burst = 1 }, "needs a rate: iops=RATE:BURST" },
};

START_TEST(a_disk_out_of_bounds_is_refused)
{
	config.nr_disks = 1;
	config.disks[0] = bad_disks[_i].disk;
	assert_refused(-EINVAL, bad_disks[_i].says);
}
END_TEST

START_TEST(the_number_of_disks_is_bounded)
{
	for (unsigned int i = 0; i < MOTE_MAX_DISKS; i++)
		config.disks[i].path = "a";
	config.nr_disks = MOTE_MAX_DISKS;
	assert_accepted();
	config.nr_disks = MOTE_MAX_DISKS + 1;
	assert_refused(-EINVAL, "25 disks are too many: at most 24");
	config.nr_disks = ~0U;
	assert_refused(-EINVAL, "too many");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lib/config");
	TCase *tcase = tcase_create("config");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, defaults_and_a_kernel_are_enough);
	tcase_add_test(tcase, a_kernel_or_a_disk_is_needed);
	tcase_add_test(tcase, a_disk_may_bring_the_kernel);
	tcase_add_test(tcase, a_kernel_and_a_boot_entry_exclude_each_other);
	tcase_add_test(tcase, memory_is_bounded_on_both_sides_and_in_steps);
	tcase_add_test(tcase, cpus_are_bounded_on_both_sides);
	tcase_add_loop_test(tcase, a_name_that_can_be_a_folder_is_taken, 0, LENGTH(good_names));
	tcase_add_loop_test(tcase, a_name_that_can_not_be_a_folder_is_refused, 0, LENGTH(bad_names));
	tcase_add_test(tcase, the_command_line_is_passed_on_as_it_is);
	tcase_add_test(tcase, console_kinds_and_descriptors_are_checked);
	tcase_add_test(tcase, a_disk_arrives_with_all_its_options);
	tcase_add_test(tcase, a_disk_s_newer_options_arrive_too);
	tcase_add_test(tcase, queues_default_to_the_cpus_but_at_most_four);
	tcase_add_loop_test(tcase, a_disk_out_of_bounds_is_refused, 0, LENGTH(bad_disks));
	tcase_add_test(tcase, the_number_of_disks_is_bounded);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
