#include "vmm/lib/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/unit/unit.h"

struct tally {
	unsigned int nr;
	enum mote_verdict worst;
	char subjects[1024];
};

static void tally_finding(void *arg, const struct mote_finding *finding)
{
	struct tally *tally = arg;

	tally->nr++;
	if (finding->verdict > tally->worst)
		tally->worst = finding->verdict;
	ck_assert_ptr_nonnull(finding->subject);
	ck_assert_ptr_nonnull(finding->found);
	ck_assert_msg(finding->verdict == MOTE_OK || finding->remedy, "%s has no remedy", finding->subject);
	ck_assert_msg(finding->found[0] != '\0' && !strchr(finding->found, '\n'), "%s: '%s'", finding->subject,
		      finding->found);
	strncat(tally->subjects, finding->subject, sizeof(tally->subjects) - strlen(tally->subjects) - 1);
	strncat(tally->subjects, "|", sizeof(tally->subjects) - strlen(tally->subjects) - 1);
}

START_TEST(every_subject_is_reported_and_what_is_amiss_has_a_remedy)
{
	static const char *const subjects[] = { "/dev/kvm",    "guest kernels", "io_uring", "libaio",	 "/dev/net/tun",
						"userfaultfd", "huge pages",	"LVM",	    "leftovers", "memory" };
	struct tally tally = { .worst = MOTE_OK };

	ck_assert_int_eq(mote_doctor(tally_finding, &tally), tally.worst);
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		ck_assert_msg(strstr(tally.subjects, subjects[i]), "%s is not reported", subjects[i]);
}
END_TEST

START_TEST(without_kvm_the_native_check_does_not_try)
{
	struct tally tally = { .worst = MOTE_OK };
	struct doctor doctor = { .report = tally_finding, .arg = &tally, .can_make_vms = false };

	doctor_check_native(&doctor);
	ck_assert_uint_eq(tally.nr, 1);
	ck_assert_int_eq(doctor.worst, MOTE_MISSING);
}
END_TEST

START_TEST(the_worst_verdict_stays)
{
	struct tally tally = { .worst = MOTE_OK };
	struct doctor doctor = { .report = tally_finding, .arg = &tally };

	doctor_find(&doctor, MOTE_DEGRADED, "a", "do", "found %d", 1);
	ck_assert_int_eq(doctor.worst, MOTE_DEGRADED);
	doctor_find(&doctor, MOTE_OK, "b", NULL, "found");
	ck_assert_int_eq(doctor.worst, MOTE_DEGRADED);
	doctor_find(&doctor, MOTE_MISSING, "c", "do", "%.*s", 1000, "x");
	ck_assert_int_eq(doctor.worst, MOTE_MISSING);
	ck_assert_uint_eq(tally.nr, 3);
}
END_TEST

START_TEST(the_bracketed_choice_is_the_one_in_force)
{
	ck_assert(doctor_choice_is("always [madvise] never\n", "madvise"));
	ck_assert(!doctor_choice_is("always [madvise] never\n", "never"));
	ck_assert(!doctor_choice_is("always [madvise] never\n", "mad"));
	ck_assert(doctor_choice_is("always madvise [never]", "never"));
	ck_assert(!doctor_choice_is("", "never"));
	ck_assert(!doctor_choice_is("[", "never"));
	ck_assert(!doctor_choice_is("[never", "never"));
}
END_TEST

START_TEST(meminfo_is_searched_by_whole_keys)
{
	static const char text[] =
		"MemTotal:       24684044 kB\nMemFree:        22365724 kB\nMemAvailable:   23105 kB\n";

	ck_assert_uint_eq(doctor_meminfo_kib(text, "MemTotal:"), 24684044);
	ck_assert_uint_eq(doctor_meminfo_kib(text, "MemAvailable:"), 23105);
	ck_assert_uint_eq(doctor_meminfo_kib(text, "Available:"), 0);
	ck_assert_uint_eq(doctor_meminfo_kib("", "MemTotal:"), 0);
	ck_assert_uint_eq(doctor_meminfo_kib("\n\n", "MemTotal:"), 0);
	ck_assert_uint_eq(doctor_meminfo_kib("MemTotal:", "MemTotal:"), 0);
}
END_TEST

START_TEST(programs_are_found_in_any_folder_of_the_path)
{
	char folder[] = "/tmp/mote-doctor-test-XXXXXX", path[256], file[256], plain[256];
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/tool", folder);
	snprintf(plain, sizeof(plain), "%s/text", folder);
	snprintf(path, sizeof(path), "/nowhere::%s:", folder);
	fd = creat(file, 0755);
	ck_assert_int_ge(fd, 0);
	close(fd);
	fd = creat(plain, 0644);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert(doctor_program_exists(path, "tool"));
	ck_assert(!doctor_program_exists(path, "text"));
	ck_assert(!doctor_program_exists(path, "other"));
	ck_assert(!doctor_program_exists("/nowhere", "tool"));
	ck_assert(!doctor_program_exists("", "tool"));
	unlink(file);
	unlink(plain);
	rmdir(folder);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lib/doctor");
	TCase *tcase = tcase_create("doctor");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, every_subject_is_reported_and_what_is_amiss_has_a_remedy);
	tcase_add_test(tcase, without_kvm_the_native_check_does_not_try);
	tcase_add_test(tcase, the_worst_verdict_stays);
	tcase_add_test(tcase, the_bracketed_choice_is_the_one_in_force);
	tcase_add_test(tcase, meminfo_is_searched_by_whole_keys);
	tcase_add_test(tcase, programs_are_found_in_any_folder_of_the_path);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
