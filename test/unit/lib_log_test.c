#include "vmm/include/mote.h"

#include <string.h>

#include "test/unit/cli_capture.h"
#include "test/unit/unit.h"
#include "vmm/base/log.h"

struct received {
	unsigned int nr;
	enum mote_log_level level;
	char line[256];
};

static void receive(void *arg, enum mote_log_level level, const char *line)
{
	struct received *received = arg;

	received->nr++;
	received->level = level;
	snprintf(received->line, sizeof(received->line), "%s", line);
}

START_TEST(lines_reach_the_callback_up_to_the_level_asked_for)
{
	struct received received = { .nr = 0 };

	mote_set_log(receive, &received, MOTE_LOG_INFO);
	log_error("no %s", "disk");
	ck_assert_uint_eq(received.nr, 1);
	ck_assert_int_eq(received.level, MOTE_LOG_ERROR);
	ck_assert_str_eq(received.line, "no disk");
	log_info("info");
	ck_assert_uint_eq(received.nr, 2);
	ck_assert_int_eq(received.level, MOTE_LOG_INFO);
	log_debug("debug");
	ck_assert_uint_eq(received.nr, 2);
	mote_set_log(receive, &received, MOTE_LOG_ERROR);
	log_warn("warning");
	ck_assert_uint_eq(received.nr, 2);
}
END_TEST

START_TEST(without_a_callback_lines_go_to_stderr)
{
	struct received received = { .nr = 0 };
	struct capture capture;

	mote_set_log(receive, &received, MOTE_LOG_DEBUG);
	mote_set_log(NULL, NULL, MOTE_LOG_WARN);
	capture_begin(&capture);
	log_warn("careful");
	log_info("chatter");
	ck_assert_str_eq(capture_end(&capture), "mote: careful\n");
	ck_assert_uint_eq(received.nr, 0);
}
END_TEST

START_TEST(a_configuration_that_is_refused_makes_no_vm)
{
	struct mote_vm *vm = (struct mote_vm *)&vm;
	struct received received = { .nr = 0 };
	struct mote_config config;

	mote_set_log(receive, &received, MOTE_LOG_WARN);
	mote_config_init(&config);
	ck_assert_int_lt(mote_vm_create(&config, &vm), 0);
	ck_assert_ptr_eq(vm, (struct mote_vm *)&vm);
	ck_assert_uint_eq(received.nr, 1);
	ck_assert_int_eq(received.level, MOTE_LOG_ERROR);
	mote_vm_destroy(NULL);
}
END_TEST

START_TEST(the_version_is_three_numbers)
{
	unsigned int a, b, c;
	char rest;

	ck_assert_int_eq(sscanf(mote_version(), "%u.%u.%u%c", &a, &b, &c, &rest), 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lib/log");
	TCase *tcase = tcase_create("log");

	tcase_add_test(tcase, lines_reach_the_callback_up_to_the_level_asked_for);
	tcase_add_test(tcase, without_a_callback_lines_go_to_stderr);
	tcase_add_test(tcase, a_configuration_that_is_refused_makes_no_vm);
	tcase_add_test(tcase, the_version_is_three_numbers);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
