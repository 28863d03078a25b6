#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "test/unit/unit.h"
#include "vmm/base/log.h"
#include "vmm/machine/loader_call.h"

#define RAM_BYTES (UINT64_C(16) << 20)
#define CALL_AT 0x4000
#define TEXT_AT 0x8000
#define NO_RESULT 0x5a5a5a5a

static struct guest_memory memory;

/* What reached the VMM, and what it answers. */
static struct {
	unsigned int nr;
	enum loader_to to;
	char text[LOADER_COMMAND_LINE_MAX + 1];
	size_t len;
	uint32_t timeout_ms;
	struct unpack_request unpack;
	struct loader_kernel kernel;
	struct loader_start start;
	bool failed, done;
	int answer;
} seen;

static int say(void *arg, enum loader_to to, const char *text, size_t len)
{
	(void)arg;
	seen.nr++;
	seen.to = to;
	seen.len = len;
	memcpy(seen.text, text, len + 1);
	return seen.answer;
}

static int key(void *arg, uint32_t timeout_ms)
{
	(void)arg;
	seen.nr++;
	seen.timeout_ms = timeout_ms;
	return seen.answer;
}

static int unpack(void *arg, const struct unpack_request *request)
{
	(void)arg;
	seen.nr++;
	seen.unpack = *request;
	return seen.answer;
}

static int take_kernel(void *arg, const struct loader_kernel *what)
{
	(void)arg;
	seen.nr++;
	seen.kernel = *what;
	return seen.answer;
}

static int start(void *arg, const struct loader_start *what)
{
	(void)arg;
	seen.nr++;
	seen.start = *what;
	return seen.answer;
}

static void give_up(void *arg, const char *text)
{
	(void)arg;
	seen.nr++;
	seen.failed = true;
	snprintf(seen.text, sizeof(seen.text), "%s", text);
}

static void done(void *arg)
{
	(void)arg;
	seen.nr++;
	seen.done = true;
}

static const struct loader_ops ops = {
	.say = say,
	.key = key,
	.unpack = unpack,
	.kernel = take_kernel,
	.start = start,
	.fail = give_up,
	.done = done,
};

static void setup(void)
{
	const struct guest_region ram = { .base = 0, .size_bytes = RAM_BYTES };

	ck_assert_int_eq(guest_memory_create(&ram, 1, &memory), 0);
	memset(&seen, 0, sizeof(seen));
	log_set_level(LOG_ERROR);
}

static void teardown(void)
{
	guest_memory_destroy(&memory);
}

static int serve(struct loader_call call)
{
	call.result = NO_RESULT;
	ck_assert_int_eq(guest_memory_write(&memory, CALL_AT, &call, sizeof(call)), 0);
	loader_call_serve(&memory, CALL_AT, &ops, NULL);
	ck_assert_int_eq(guest_memory_read(&memory, CALL_AT, &call, sizeof(call)), 0);
	return call.result;
}

static uint32_t put(const char *text)
{
	ck_assert_int_eq(guest_memory_write(&memory, TEXT_AT, text, strlen(text)), 0);
	return (uint32_t)strlen(text);
}

/* Ranges that are no memory, in every way. */
static const struct {
	uint32_t base, bytes;
} bad_ranges[] = {
	{ RAM_BYTES, 1 },  { RAM_BYTES - 1, 2 }, { UINT32_MAX, 1 },    { UINT32_MAX, UINT32_MAX },
	{ 1, UINT32_MAX }, { 0xc0000000, 64 },	 { 0, RAM_BYTES + 1 },
};
#define NR_BAD_RANGES ((int)(sizeof(bad_ranges) / sizeof(bad_ranges[0])))

START_TEST(text_arrives_printable)
{
	uint32_t len = put("what \x1b[2J \xff\n is");

	ck_assert_int_eq(serve((struct loader_call){ .code = LOADER_SAY, .say = { LOADER_TO_LOG, TEXT_AT, len } }),
			 LOADER_OK);
	ck_assert_str_eq(seen.text, "what ?[2J ?\n is");
	ck_assert_int_eq(seen.to, LOADER_TO_LOG);
	/* The console is the guest's: what it writes there is its own affair. */
	ck_assert_int_eq(serve((struct loader_call){ .code = LOADER_SAY, .say = { LOADER_TO_CONSOLE, TEXT_AT, len } }),
			 LOADER_OK);
	ck_assert_str_eq(seen.text, "what \x1b[2J \xff\n is");
	ck_assert_uint_eq(seen.len, len);
}
END_TEST

START_TEST(text_is_bounded)
{
	struct loader_call call = { .code = LOADER_SAY, .say = { LOADER_TO_REPORT, TEXT_AT, LOADER_TEXT_MAX + 1 } };

	ck_assert_int_eq(serve(call), LOADER_EINVAL);
	call.say.text_bytes = UINT32_MAX;
	ck_assert_int_eq(serve(call), LOADER_EINVAL);
	call.say.text_bytes = 5;
	call.say.to = 3;
	ck_assert_int_eq(serve(call), LOADER_EINVAL);
	call.say.to = LOADER_TO_LOG;
	call.say.text = RAM_BYTES - 4;
	ck_assert_int_eq(serve(call), LOADER_EINVAL);
	ck_assert_uint_eq(seen.nr, 0);
	call.say.text_bytes = 0;
	ck_assert_int_eq(serve(call), LOADER_OK);
	ck_assert_str_eq(seen.text, "");
	memset(guest_memory_at(&memory, TEXT_AT, LOADER_TEXT_MAX), 'x', LOADER_TEXT_MAX);
	call.say.text = TEXT_AT;
	call.say.text_bytes = LOADER_TEXT_MAX;
	ck_assert_int_eq(serve(call), LOADER_OK);
	ck_assert_uint_eq(strlen(seen.text), LOADER_TEXT_MAX);
}
END_TEST

START_TEST(keys_pass_through)
{
	seen.answer = 'q';
	ck_assert_int_eq(serve((struct loader_call){ .code = LOADER_KEY, .key = { 250 } }), 'q');
	ck_assert_uint_eq(seen.timeout_ms, 250);
	seen.answer = LOADER_NO_KEY;
	ck_assert_int_eq(serve((struct loader_call){ .code = LOADER_KEY, .key = { LOADER_FOREVER } }), LOADER_NO_KEY);
	ck_assert_uint_eq(seen.timeout_ms, LOADER_FOREVER);
}
END_TEST

START_TEST(unpack_names_memory)
{
	struct loader_call good = { .code = LOADER_UNPACK,
				    .unpack = { LOADER_ZSTD, 0x100000, 0x1000, 0x200000, LOADER_UNPACK_MAX / 8, 7 } };
	struct loader_call call = good;

	seen.answer = 1234;
	ck_assert_int_eq(serve(good), 1234);
	ck_assert_int_eq(seen.unpack.codec, LOADER_ZSTD);
	ck_assert_uint_eq(seen.unpack.from, 0x100000);
	ck_assert_uint_eq(seen.unpack.from_bytes, 0x1000);
	ck_assert_uint_eq(seen.unpack.to, 0x200000);
	ck_assert(seen.unpack.may_be_cut);
	seen.nr = 0;
	call.unpack.from_bytes = 0;
	ck_assert_int_eq(serve(call), LOADER_EINVAL);
	call.unpack.from_bytes = LOADER_UNPACK_MAX + 1;
	ck_assert_int_eq(serve(call), LOADER_EINVAL);
	call = good;
	call.unpack.to_bytes = LOADER_UNPACK_MAX + 1;
	ck_assert_int_eq(serve(call), LOADER_EINVAL);
	ck_assert_uint_eq(seen.nr, 0);
}
END_TEST

START_TEST(unpack_refuses_what_is_no_memory)
{
	struct loader_call call = { .code = LOADER_UNPACK, .unpack = { LOADER_XZ, 0x1000, 16, 0x2000, 16, 0 } };

	call.unpack.from = bad_ranges[_i].base;
	call.unpack.from_bytes = bad_ranges[_i].bytes;
	ck_assert_int_eq(serve(call), LOADER_EINVAL);
	call = (struct loader_call){ .code = LOADER_UNPACK, .unpack = { LOADER_XZ, 0x1000, 16, 0x2000, 16, 0 } };
	call.unpack.to = bad_ranges[_i].base;
	call.unpack.to_bytes = bad_ranges[_i].bytes;
	ck_assert_int_eq(serve(call), LOADER_EINVAL);
	ck_assert_uint_eq(seen.nr, 0);
}
END_TEST

static struct loader_call good_kernel(void)
{
	uint32_t len = put("/boot/vmlinuz on vda1");

	return (struct loader_call){
		.code = LOADER_KERNEL,
		.kernel = { .kernel = 0x100000, .kernel_bytes = 0x2000, .name = TEXT_AT, .name_bytes = len }
	};
}

static struct loader_call good_start(void)
{
	uint32_t len = put("root=/dev/vda quiet");

	return (struct loader_call){ .code = LOADER_START,
				     .start = { .initrd = 0x800000,
						.initrd_bytes = 0x3000,
						.command_line = TEXT_AT,
						.command_line_bytes = len } };
}

START_TEST(a_kernel_arrives_whole)
{
	ck_assert_int_eq(serve(good_kernel()), LOADER_OK);
	ck_assert_uint_eq(seen.nr, 1);
	ck_assert_uint_eq(seen.kernel.base, 0x100000);
	ck_assert_uint_eq(seen.kernel.size_bytes, 0x2000);
	ck_assert_str_eq(seen.kernel.name, "/boot/vmlinuz on vda1");
}
END_TEST

START_TEST(a_kernel_has_memory_and_a_short_name)
{
	struct loader_call call = good_kernel();

	call.kernel.kernel_bytes = 0;
	ck_assert_int_eq(serve(call), LOADER_EINVAL);
	ck_assert_uint_eq(seen.nr, 0);
	call = good_kernel();
	call.kernel.name_bytes = 5000;
	memset(guest_memory_at(&memory, TEXT_AT, 5000), '\x1b', 5000);
	ck_assert_int_eq(serve(call), LOADER_OK);
	ck_assert_uint_eq(strlen(seen.kernel.name), LOADER_NAME_MAX);
	ck_assert_int_eq(seen.kernel.name[0], '?');
	call.kernel.name_bytes = 0;
	ck_assert_int_eq(serve(call), LOADER_OK);
	ck_assert_str_eq(seen.kernel.name, "");
}
END_TEST

START_TEST(a_kernel_that_is_no_memory_is_refused)
{
	struct loader_call call = good_kernel();

	call.kernel.kernel = bad_ranges[_i].base;
	call.kernel.kernel_bytes = bad_ranges[_i].bytes;
	ck_assert_int_eq(serve(call), LOADER_EINVAL);
	call = good_kernel();
	call.kernel.name = bad_ranges[_i].base;
	call.kernel.name_bytes = bad_ranges[_i].bytes;
	if (bad_ranges[_i].base > LOADER_NAME_MAX && bad_ranges[_i].base > RAM_BYTES - LOADER_NAME_MAX)
		ck_assert_int_eq(serve(call), LOADER_EINVAL);
	ck_assert_uint_eq(seen.nr, 0);
}
END_TEST

START_TEST(start_arrives_whole)
{
	ck_assert_int_eq(serve(good_start()), NO_RESULT);
	ck_assert_uint_eq(seen.nr, 1);
	ck_assert_uint_eq(seen.start.initrd, 0x800000);
	ck_assert_uint_eq(seen.start.initrd_bytes, 0x3000);
	ck_assert_str_eq(seen.start.command_line, "root=/dev/vda quiet");
}
END_TEST

START_TEST(both_tell_why_they_failed)
{
	static const struct {
		int error, status;
	} pairs[] = {
		{ -EBADMSG, LOADER_ECORRUPT }, { -ENOEXEC, LOADER_ECORRUPT }, { -E2BIG, LOADER_ETOOBIG },
		{ -EINVAL, LOADER_EINVAL },    { -ENOMEM, LOADER_EIO },	      { -ENOTSUP, LOADER_ENOTSUP },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		seen.answer = pairs[i].error;
		ck_assert_int_eq(serve(good_kernel()), pairs[i].status);
		ck_assert_int_eq(serve(good_start()), pairs[i].status);
	}
}
END_TEST

START_TEST(start_refuses_what_is_no_memory)
{
	struct loader_call call = good_start();

	call.start.initrd = bad_ranges[_i].base;
	call.start.initrd_bytes = bad_ranges[_i].bytes;
	ck_assert_int_eq(serve(call), LOADER_EINVAL);
	call = good_start();
	call.start.command_line = bad_ranges[_i].base;
	call.start.command_line_bytes = bad_ranges[_i].bytes;
	ck_assert_int_eq(serve(call), LOADER_EINVAL);
	ck_assert_uint_eq(seen.nr, 0);
}
END_TEST

START_TEST(start_bounds_the_rest)
{
	struct loader_call call = good_start();

	call.start.command_line_bytes = LOADER_COMMAND_LINE_MAX + 1;
	ck_assert_int_eq(serve(call), LOADER_EINVAL);
	ck_assert_uint_eq(seen.nr, 0);
	/* No initrd: its address means nothing. */
	call = good_start();
	call.start.initrd = UINT32_MAX;
	call.start.initrd_bytes = 0;
	call.start.command_line_bytes = 0;
	ck_assert_int_eq(serve(call), NO_RESULT);
	ck_assert_str_eq(seen.start.command_line, "");
}
END_TEST

START_TEST(ends_are_told)
{
	uint32_t len = put("no disk holds a system\n\x07 really");

	ck_assert_int_eq(serve((struct loader_call){ .code = LOADER_FAIL, .say = { 99, TEXT_AT, len } }), LOADER_OK);
	ck_assert(seen.failed);
	ck_assert_str_eq(seen.text, "no disk holds a system\n? really");
	ck_assert_int_eq(serve((struct loader_call){ .code = LOADER_DONE }), LOADER_OK);
	ck_assert(seen.done);
}
END_TEST

START_TEST(other_codes_are_refused)
{
	ck_assert_int_eq(serve((struct loader_call){ 0 }), LOADER_EINVAL);
	ck_assert_int_eq(serve((struct loader_call){ .code = LOADER_DONE + 1 }), LOADER_EINVAL);
	ck_assert_int_eq(serve((struct loader_call){ .code = UINT32_MAX }), LOADER_EINVAL);
	ck_assert_uint_eq(seen.nr, 0);
}
END_TEST

/* Where a call can't lie it is not answered, and nothing is written. */
START_TEST(a_call_lies_in_memory)
{
	static const gpa_t places[] = { RAM_BYTES, RAM_BYTES - 40, UINT32_MAX - 7, UINT64_MAX - 7, 0xc0000000 };
	const struct loader_call call = { .code = LOADER_DONE };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		loader_call_serve(&memory, places[i], &ops, NULL);
	ck_assert_int_eq(guest_memory_write(&memory, CALL_AT + 4, &call, sizeof(call)), 0);
	loader_call_serve(&memory, CALL_AT + 4, &ops, NULL);
	ck_assert_uint_eq(seen.nr, 0);
	ck_assert_int_eq(guest_memory_write(&memory, RAM_BYTES - sizeof(call), &call, sizeof(call)), 0);
	loader_call_serve(&memory, RAM_BYTES - sizeof(call), &ops, NULL);
	ck_assert_uint_eq(seen.nr, 1);
}
END_TEST

/* The text may be the call itself. */
START_TEST(ranges_may_overlap_the_call)
{
	ck_assert_int_eq(serve((struct loader_call){ .code = LOADER_SAY, .say = { LOADER_TO_LOG, CALL_AT, 48 } }),
			 LOADER_OK);
	ck_assert_int_eq(seen.text[0], '?');
	ck_assert_int_eq(serve((struct loader_call){ .code = LOADER_UNPACK,
						     .unpack = { LOADER_ZLIB, CALL_AT, 48, CALL_AT, 48, 0 } }),
			 LOADER_OK);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("loader_call");
	TCase *tcase = tcase_create("calls");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, text_arrives_printable);
	tcase_add_test(tcase, text_is_bounded);
	tcase_add_test(tcase, keys_pass_through);
	tcase_add_test(tcase, unpack_names_memory);
	tcase_add_loop_test(tcase, unpack_refuses_what_is_no_memory, 0, NR_BAD_RANGES);
	tcase_add_test(tcase, a_kernel_arrives_whole);
	tcase_add_test(tcase, a_kernel_has_memory_and_a_short_name);
	tcase_add_loop_test(tcase, a_kernel_that_is_no_memory_is_refused, 0, NR_BAD_RANGES);
	tcase_add_test(tcase, start_arrives_whole);
	tcase_add_test(tcase, both_tell_why_they_failed);
	tcase_add_loop_test(tcase, start_refuses_what_is_no_memory, 0, NR_BAD_RANGES);
	tcase_add_test(tcase, start_bounds_the_rest);
	tcase_add_test(tcase, ends_are_told);
	tcase_add_test(tcase, other_codes_are_refused);
	tcase_add_test(tcase, a_call_lies_in_memory);
	tcase_add_test(tcase, ranges_may_overlap_the_call);
	return suite;
}

int main(void)
{
	return unit_main(suite());
}
