/* Which engine a loop gets where the host refuses some: the refusal is a seccomp filter, as a container's. */
#include "vmm/core/loop.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test/unit/loop_support.h"

/* Makes the system call fail in this process from now on. */
static void refuse(unsigned int number, unsigned int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static int try_engine(enum loop_engine engine, const char *expected)
{
	const struct loop_config config = { .name = "test", .engine = engine };
	struct loop *loop = NULL;
	int rc = loop_create(&config, &loop);

	if (rc < 0) {
		ck_assert_ptr_null(loop);
		return rc;
	}
	ck_assert_str_eq(loop_engine_name(loop), expected);
	loop_stop(loop);
	ck_assert_int_eq(loop_run(loop), 0);
	loop_destroy(loop);
	return 0;
}

START_TEST(libaio_takes_over_where_io_uring_is_refused)
{
	refuse(__NR_io_uring_setup, _i);
	ck_assert_int_eq(try_engine(LOOP_ENGINE_AUTO, "libaio"), 0);
	ck_assert_int_eq(try_engine(LOOP_ENGINE_URING, ""), -EOPNOTSUPP);
}
END_TEST

START_TEST(threads_take_over_where_both_are_refused)
{
	refuse(__NR_io_uring_setup, EPERM);
	refuse(__NR_io_setup, EPERM);
	ck_assert_int_eq(try_engine(LOOP_ENGINE_AUTO, "threads"), 0);
	ck_assert_int_eq(try_engine(LOOP_ENGINE_AIO, ""), -EOPNOTSUPP);
	ck_assert_int_eq(try_engine(LOOP_ENGINE_THREAD, "threads"), 0);
}
END_TEST

START_TEST(an_engine_that_fails_when_it_starts_is_replaced)
{
	const struct loop_config config = { .name = "test" };
	struct loop *loop;

	ck_assert_int_eq(loop_create(&config, &loop), 0);
	refuse(__NR_io_uring_setup, ENOMEM);
	ck_assert_int_eq(loop_start(loop), 0);
	ck_assert_str_ne(loop_engine_name(loop), "io_uring");
	loop_stop(loop);
	loop_join(loop);
	loop_destroy(loop);
}
END_TEST

START_TEST(an_engine_that_was_asked_for_is_not_replaced)
{
	const struct loop_config config = { .name = "test", .engine = LOOP_ENGINE_URING };
	struct loop *loop;
	int rc = loop_create(&config, &loop);

	if (rc < 0) {
		ck_assert_int_eq(rc, -EOPNOTSUPP);
		return;
	}
	refuse(__NR_io_uring_setup, ENOMEM);
	ck_assert_int_eq(loop_start(loop), -ENOMEM);
	ck_assert_int_eq(loop_run(loop), -ENOMEM);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_small_descriptor_limit_is_no_reason_to_refuse_io_uring)
{
	const struct rlimit small = { .rlim_cur = 40, .rlim_max = 40 };

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &small), 0);
	if (try_engine(LOOP_ENGINE_URING, "io_uring") == -EOPNOTSUPP)
		printf("skipped: no io_uring here\n");
}
END_TEST

START_TEST(an_unknown_engine_is_refused)
{
	ck_assert_int_eq(try_engine((enum loop_engine)99, ""), -EINVAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("loop_engine");
	TCase *choice = tcase_create("choice");

	tcase_add_loop_test(choice, libaio_takes_over_where_io_uring_is_refused, EPERM, EPERM + 1);
	tcase_add_loop_test(choice, libaio_takes_over_where_io_uring_is_refused, ENOSYS, ENOSYS + 1);
	tcase_add_test(choice, threads_take_over_where_both_are_refused);
	tcase_add_test(choice, an_engine_that_fails_when_it_starts_is_replaced);
	tcase_add_test(choice, an_engine_that_was_asked_for_is_not_replaced);
	tcase_add_test(choice, a_small_descriptor_limit_is_no_reason_to_refuse_io_uring);
	tcase_add_test(choice, an_unknown_engine_is_refused);
	suite_add_tcase(suite, choice);
	return unit_main(suite);
}
