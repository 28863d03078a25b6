#include "vmm/cli/run_options.h"

#include <errno.h>
#include <string.h>

#include "test/unit/cli_capture.h"
#include "test/unit/unit.h"

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define MAX_WORDS 80

/* getopt_long(3) takes words it might reorder, so each test brings its own array. */
static int parse(struct run_options *options, const char *const *words)
{
	char *argv[MAX_WORDS] = { "run" };
	int argc = 1;

	while (words[argc - 1]) {
		argv[argc] = (char *)words[argc - 1];
		argc++;
	}
	return run_options_parse(argc, argv, options);
}

START_TEST(a_kernel_alone_gives_the_documented_defaults)
{
	struct run_options options;

	ck_assert_int_eq(parse(&options, (const char *const[]){ "--kernel", "vmlinuz", NULL }), 0);
	ck_assert_str_eq(options.config.kernel, "vmlinuz");
	ck_assert_ptr_null(options.config.initrd);
	ck_assert_ptr_null(options.config.name);
	ck_assert_uint_eq(options.config.memory_bytes, UINT64_C(512) << 20);
	ck_assert_uint_eq(options.config.cpus, 1);
	ck_assert_int_eq(options.config.console, MOTE_CONSOLE_SERIAL);
	ck_assert_int_eq(options.config.console_in_fd, -1);
	ck_assert_int_eq(options.config.console_out_fd, -1);
	ck_assert_uint_eq(options.config.nr_disks, 0);
	ck_assert(!options.config.no_kaslr && !options.config.no_cache && !options.help);
	ck_assert_int_eq(options.log_level, MOTE_LOG_WARN);
	run_options_fini(&options);
}
END_TEST

START_TEST(every_option_arrives_in_the_configuration)
{
	struct run_options options;

	ck_assert_int_eq(parse(&options,
			       (const char *const[]){
				       "--kernel=k", "--initrd",   "i",		 "--append",  "root=/dev/vda -- x",
				       "--disk",     "a,ro",	   "--disk=b",	 "--memory",  "2G",
				       "--cpus",     "8",	   "--name",	 "web",	      "--console",
				       "hvc",	     "--no-kaslr", "--no-cache", "--verbose", NULL }),
			 0);
	ck_assert_str_eq(options.config.kernel, "k");
	ck_assert_str_eq(options.config.initrd, "i");
	ck_assert_str_eq(options.config.command_line, "root=/dev/vda -- x");
	ck_assert_uint_eq(options.config.nr_disks, 2);
	ck_assert_str_eq(options.config.disks[0].path, "a");
	ck_assert(options.config.disks[0].read_only);
	ck_assert_str_eq(options.config.disks[1].path, "b");
	ck_assert_uint_eq(options.config.memory_bytes, UINT64_C(2) << 30);
	ck_assert_uint_eq(options.config.cpus, 8);
	ck_assert_str_eq(options.config.name, "web");
	ck_assert_int_eq(options.config.console, MOTE_CONSOLE_HVC);
	ck_assert(options.config.no_kaslr && options.config.no_cache);
	ck_assert_int_eq(options.log_level, MOTE_LOG_INFO);
	run_options_fini(&options);
}
END_TEST

START_TEST(a_disk_alone_is_enough)
{
	struct run_options options;

	ck_assert_int_eq(
		parse(&options, (const char *const[]){ "--disk", "a", "--boot-menu", "--boot-entry", "1>0", NULL }), 0);
	ck_assert_ptr_null(options.config.kernel);
	ck_assert(options.config.boot_menu);
	ck_assert_str_eq(options.config.boot_entry, "1>0");
	run_options_fini(&options);
}
END_TEST

START_TEST(the_last_of_a_repeated_option_counts)
{
	struct run_options options;

	ck_assert_int_eq(parse(&options, (const char *const[]){ "--kernel", "a", "--memory", "1G", "--kernel", "b",
								"--memory", "64M", "--verbose", "--verbose", NULL }),
			 0);
	ck_assert_str_eq(options.config.kernel, "b");
	ck_assert_uint_eq(options.config.memory_bytes, UINT64_C(64) << 20);
	ck_assert_int_eq(options.log_level, MOTE_LOG_DEBUG);
	run_options_fini(&options);
}
END_TEST

START_TEST(help_needs_nothing_else)
{
	struct run_options options;

	ck_assert_int_eq(parse(&options, (const char *const[]){ "--help", NULL }), 0);
	ck_assert(options.help);
	run_options_fini(&options);
	ck_assert_int_eq(parse(&options, (const char *const[]){ "-h", NULL }), 0);
	ck_assert(options.help);
	run_options_fini(&options);
}
END_TEST

static const struct {
	const char *words[8];
	const char *says;
} invalid[] = {
	{ { NULL }, "no disk and no kernel is given" },
	{ { "--boot-menu", NULL }, "no disk and no kernel is given" },
	{ { "--boot-entry", NULL }, "--boot-entry needs a value" },
	{ { "--kernle", "k", NULL }, "did you mean '--kernel'?" },
	{ { "--kern", "k", NULL }, "did you mean '--kernel'?" },
	{ { "--boot-mneu", NULL }, "did you mean '--boot-menu'?" },
	{ { "--no", NULL }, "unknown option '--no'" },
	{ { "--frobnicate", NULL }, "unknown option '--frobnicate'" },
	{ { "--frobnicate=3", NULL }, "unknown option '--frobnicate=3'" },
	{ { "-k", "x", NULL }, "unknown option '-k'" },
	{ { "--kernel", NULL }, "--kernel needs a value" },
	{ { "--kernel", "k", "--memory", NULL }, "--memory needs a value" },
	{ { "--kernel", "k", "x", NULL }, "unexpected word 'x'" },
	{ { "--kernel", "k", "--", "x", NULL }, "unexpected word 'x'" },
	{ { "--kernel", "k", "--memory", "lots", NULL }, "--memory lots is not a size" },
	{ { "--kernel", "k", "--memory", "-1", NULL }, "--memory -1 is not a size" },
	{ { "--kernel", "k", "--memory", "99999999999999999999", NULL }, "is too much" },
	{ { "--kernel", "k", "--cpus", "two", NULL }, "--cpus two is not possible" },
	{ { "--kernel", "k", "--cpus", "4294967296", NULL }, "--cpus 4294967296 is not possible" },
	{ { "--kernel", "k", "--console", "vga", NULL }, "choose serial, hvc or none" },
	{ { "--kernel", "k", "--disk", "a,what", NULL }, "unknown option 'what'" },
	{ { "--kernel", "k", "--no-cache=1", NULL }, "'--no-cache=1' is not possible" },
};

START_TEST(each_mistake_is_one_line_and_leaves_nothing_to_free)
{
	struct run_options options;
	struct capture capture;
	const char *said;
	int rc;

	capture_begin(&capture);
	rc = parse(&options, invalid[_i].words);
	said = capture_end(&capture);
	ck_assert_int_eq(rc, -EINVAL);
	ck_assert_uint_eq(count_lines(said), 1);
	ck_assert_msg(strncmp(said, "mote: ", 6) == 0, "said: %s", said);
	ck_assert_msg(strstr(said, invalid[_i].says), "said: %s", said);
}
END_TEST

START_TEST(one_disk_too_many_is_refused)
{
	const char *words[2 * MOTE_MAX_DISKS + 5] = { "--kernel", "k" };
	struct run_options options;
	struct capture capture;
	const char *said;
	int n = 2;

	for (int i = 0; i < MOTE_MAX_DISKS; i++) {
		words[n++] = "--disk";
		words[n++] = "d";
	}
	ck_assert_int_eq(parse(&options, words), 0);
	ck_assert_uint_eq(options.config.nr_disks, MOTE_MAX_DISKS);
	run_options_fini(&options);
	words[n++] = "--disk";
	words[n++] = "last";
	capture_begin(&capture);
	ck_assert_int_eq(parse(&options, words), -EINVAL);
	said = capture_end(&capture);
	ck_assert_msg(strstr(said, "--disk last is one too many"), "said: %s", said);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/run_options");
	TCase *tcase = tcase_create("run_options");

	tcase_add_test(tcase, a_kernel_alone_gives_the_documented_defaults);
	tcase_add_test(tcase, every_option_arrives_in_the_configuration);
	tcase_add_test(tcase, a_disk_alone_is_enough);
	tcase_add_test(tcase, the_last_of_a_repeated_option_counts);
	tcase_add_test(tcase, help_needs_nothing_else);
	tcase_add_loop_test(tcase, each_mistake_is_one_line_and_leaves_nothing_to_free, 0, LENGTH(invalid));
	tcase_add_test(tcase, one_disk_too_many_is_refused);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
