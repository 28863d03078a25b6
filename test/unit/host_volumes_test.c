/* The machine's volumes, with LVM's tools played by scripts: what is made is undone, and a failure leaves nothing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test/unit/host_support.h"
#include "vmm/include/mote.h"
#include "vmm/machine/parts.h"

static struct machine machine;
static struct machine_config config;

static void setup(void)
{
	char text[2 * HOST_PATH_BYTES + 128];

	host_setup();
	memset(&machine, 0, sizeof(machine));
	config = (struct machine_config){ .name = "test", .nr_disks = 1 };
	host_make_program("lvs", "for lv in web db; do echo \"LVM2_VG_NAME='mote-test-vg' LVM2_LV_NAME='$lv' "
				 "LVM2_LV_SIZE='1073741824' LVM2_LV_ATTR='-wi-------'\"; done");
	snprintf(text, sizeof(text), "echo made >>%s/ran", host_folder);
	host_make_program("lvcreate", text);
	snprintf(text, sizeof(text), "echo removed >>%s/ran", host_folder);
	host_make_program("lvremove", text);
}

static bool is_root(void)
{
	if (geteuid() == 0)
		return true;
	printf("skipped: LVM answers to root only\n");
	return false;
}

static int find_volumes(void)
{
	int rc = machine_janitor_init(&machine, &config);

	return rc < 0 ? rc : machine_volumes_init(&machine, &config);
}

START_TEST(disks_that_are_no_volumes_need_neither_lvm_nor_a_janitor)
{
	config.disks[0].block.path = "/dev/null";
	ck_assert_int_eq(find_volumes(), 0);
	ck_assert_str_eq(machine.disks[0].path, "");
	ck_assert_ptr_null(machine.janitor);
	ck_assert_int_eq(machine_janitor_fini(&machine), 0);
	ck_assert_uint_eq(host_nr_lines, 0);
}
END_TEST

START_TEST(a_volume_without_a_device_is_refused_without_a_janitor)
{
	if (!is_root())
		return;
	config.disks[0].lvm_name = "mote-test-vg/web";
	ck_assert_int_eq(find_volumes(), -ENXIO);
	host_expect_line("lvchange -ay mote-test-vg/web");
	ck_assert_ptr_null(machine.janitor);
	config.disks[0].lvm_name = "--yes/web";
	ck_assert_int_eq(find_volumes(), -EINVAL);
	host_expect_line("begins with '-'");
	ck_assert_int_eq(machine_janitor_fini(&machine), 0);
}
END_TEST

START_TEST(snapshots_made_before_a_failure_are_removed_at_the_end)
{
	char path[HOST_PATH_BYTES], text[64] = "";
	FILE *ran;

	if (!is_root())
		return;
	config.nr_disks = 2;
	config.disks[0].lvm_name = "mote-test-vg/web";
	config.disks[0].snapshot = true;
	config.disks[1].lvm_name = "mote-test-vg/nothing";
	config.disks[1].snapshot = true;
	/* The first has no device here, so the second is not reached. */
	ck_assert_int_eq(find_volumes(), -ENOENT);
	host_expect_line("has no device node");
	ck_assert_ptr_nonnull(machine.janitor);
	ck_assert_int_eq(machine_janitor_fini(&machine), 0);
	ck_assert_ptr_null(machine.janitor);
	host_path(path, "ran");
	ran = fopen(path, "re");
	ck_assert_ptr_nonnull(ran);
	ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, ran), 0);
	fclose(ran);
	ck_assert_str_eq(text, "made\nremoved\n");
}
END_TEST

static void count_finding(void *arg, const struct mote_finding *finding)
{
	unsigned int *nr = arg;

	ck_assert_str_eq(finding->subject, "leftovers");
	ck_assert(finding->verdict == MOTE_OK || finding->remedy);
	(*nr)++;
}

START_TEST(leftovers_are_removed_each_with_a_finding)
{
	static const char leftovers[] =
		"for lv in mote-a mote-b; do echo \"LVM2_VG_NAME='mote-test-vg' LVM2_LV_NAME='$lv' LVM2_LV_SIZE='5' "
		"LVM2_LV_ATTR='swi-a-s---' LVM2_ORIGIN='web' LVM2_LV_TAGS='mote.owner="
		"0123456789abcdef0123456789abcdef:1:1:1,mote.snapshot'\"; done";
	unsigned int nr = 0;

	if (!is_root())
		return;
	ck_assert_int_eq(mote_remove_leftovers(count_finding, &nr), MOTE_OK);
	ck_assert_uint_eq(nr, 1);
	ck_assert(!host_exists("ran"));
	host_make_program("lvs", leftovers);
	nr = 0;
	ck_assert_int_eq(mote_remove_leftovers(count_finding, &nr), MOTE_OK);
	ck_assert_uint_eq(nr, 2);
	ck_assert(host_exists("ran"));
	host_make_program("lvremove", "echo 'in use' >&2; exit 5");
	ck_assert_int_eq(mote_remove_leftovers(count_finding, &nr), MOTE_DEGRADED);
	ck_assert_uint_eq(nr, 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host/volumes");
	TCase *tcase = tcase_create("volumes");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, host_teardown);
	tcase_add_test(tcase, disks_that_are_no_volumes_need_neither_lvm_nor_a_janitor);
	tcase_add_test(tcase, a_volume_without_a_device_is_refused_without_a_janitor);
	tcase_add_test(tcase, snapshots_made_before_a_failure_are_removed_at_the_end);
	tcase_add_test(tcase, leftovers_are_removed_each_with_a_finding);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
