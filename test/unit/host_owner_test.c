#include "vmm/host/owner.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/unit/host_support.h"

static pid_t start_sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

START_TEST(a_living_process_is_alive_and_a_dead_one_gone)
{
	char label[OWNER_BYTES];
	pid_t pid = start_sleeper();
	siginfo_t info;

	ck_assert_int_eq(owner_describe(pid, label), 0);
	ck_assert_int_eq(owner_state(label), OWNER_ALIVE);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	/* A zombie has a PID still, but removes nothing any more. */
	ck_assert_int_eq(owner_state(label), OWNER_GONE);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(owner_state(label), OWNER_GONE);
	ck_assert_int_lt(owner_describe(pid, label), 0);
}
END_TEST

START_TEST(labels_are_fit_to_be_tags)
{
	char label[OWNER_BYTES];

	ck_assert_int_eq(owner_describe(getpid(), label), 0);
	ck_assert_uint_eq(strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789:"), strlen(label));
}
END_TEST

START_TEST(another_process_with_the_same_pid_is_not_the_owner)
{
	char label[OWNER_BYTES], *start;

	ck_assert_int_eq(owner_describe(getpid(), label), 0);
	start = strrchr(label, ':') + 1;
	start[0] = start[0] == '1' ? '2' : '1';
	ck_assert_int_eq(owner_state(label), OWNER_GONE);
}
END_TEST

START_TEST(processes_of_an_earlier_boot_are_gone)
{
	char label[OWNER_BYTES];

	ck_assert_int_eq(owner_describe(getpid(), label), 0);
	label[0] = label[0] == 'a' ? 'b' : 'a';
	ck_assert_int_eq(owner_state(label), OWNER_GONE);
}
END_TEST

START_TEST(processes_of_another_namespace_are_unknown)
{
	char label[OWNER_BYTES], *namespace;

	ck_assert_int_eq(owner_describe(getpid(), label), 0);
	namespace = strchr(label, ':') + 1;
	namespace[0] = namespace[0] == '1' ? '2' : '1';
	ck_assert_int_eq(owner_state(label), OWNER_UNKNOWN);
}
END_TEST

START_TEST(a_name_like_the_end_of_a_field_does_not_mislead)
{
	char label[OWNER_BYTES];

	prctl(PR_SET_NAME, "x) Z 1 1 (a");
	ck_assert_int_eq(owner_describe(getpid(), label), 0);
	ck_assert_int_eq(owner_state(label), OWNER_ALIVE);
}
END_TEST

START_TEST(what_is_no_label_is_unknown)
{
	static const char *const texts[] = { "",
					     ":",
					     "::::",
					     "0123",
					     "0123456789abcdef0123456789abcdef",
					     "0123456789abcdef0123456789abcdef:1:1",
					     "0123456789abcdef0123456789abcdef:1:1:",
					     "0123456789abcdef0123456789abcdef:1:0:1",
					     "0123456789abcdef0123456789abcdef:1:-5:1",
					     "0123456789abcdef0123456789abcdef:1:1:1x",
					     "0123456789ABCDEF0123456789abcdef:1:1:1",
					     "0123456789abcdef0123456789abcdef0:1:1:1",
					     "%s%s%n:1:1:1" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(owner_state(texts[i]) == OWNER_UNKNOWN, "'%s'", texts[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host/owner");
	TCase *tcase = tcase_create("owner");

	tcase_add_test(tcase, a_living_process_is_alive_and_a_dead_one_gone);
	tcase_add_test(tcase, labels_are_fit_to_be_tags);
	tcase_add_test(tcase, another_process_with_the_same_pid_is_not_the_owner);
	tcase_add_test(tcase, processes_of_an_earlier_boot_are_gone);
	tcase_add_test(tcase, processes_of_another_namespace_are_unknown);
	tcase_add_test(tcase, a_name_like_the_end_of_a_field_does_not_mislead);
	tcase_add_test(tcase, what_is_no_label_is_unknown);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
