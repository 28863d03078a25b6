/* Volumes and snapshots with LVM's tools played by scripts, which answer for a group "mote-test-vg" that has no devices
 * here. What needs real devices is the lab's to test. */
#include "vmm/host/lvm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test/unit/host_support.h"
#include "vmm/host/lvm_leftovers.h"
#include "vmm/host/lvm_snapshot.h"
#include "vmm/host/owner.h"

static struct lvm_name name = { .vg = "mote-test-vg" };
static char path[LVM_PATH_BYTES];

/* One line of the report to come. */
static void add_volume(const char *lv, const char *attr, const char *origin, const char *pool, const char *tags)
{
	char file[HOST_PATH_BYTES];
	FILE *report;

	host_path(file, "report");
	report = fopen(file, "ae");
	ck_assert_ptr_nonnull(report);
	fprintf(report,
		"LVM2_VG_NAME='mote-test-vg' LVM2_LV_NAME='%s' LVM2_LV_SIZE='1073741824' LVM2_LV_ATTR='%s' "
		"LVM2_ORIGIN='%s' LVM2_POOL_LV='%s' LVM2_LV_TAGS='%s'\n",
		lv, attr, origin, pool, tags);
	fclose(report);
}

static void make_tools(void)
{
	char text[2 * HOST_PATH_BYTES + 128];

	snprintf(text, sizeof(text), "cat %s/report", host_folder);
	host_make_program("lvs", text);
	host_make_program("vgs", "echo '  alpha'; echo '  beta'");
	snprintf(text, sizeof(text), "echo \"$0 $*\" >>%s/ran; cat %s/complaint >&2 && exit 5; exit 0", host_folder,
		 host_folder);
	host_make_program("lvcreate", text);
	host_make_program("lvremove", text);
}

static void setup(void)
{
	host_setup();
	make_tools();
}

static bool is_root(void)
{
	if (geteuid() == 0)
		return true;
	printf("skipped: LVM answers to root only\n");
	return false;
}

static void expect_no_path(const char *lv, int error, const char *says)
{
	strcpy(name.lv, lv);
	ck_assert_int_eq(lvm_open_path(&name, path), error);
	host_expect_line(says);
}

START_TEST(what_is_wrong_with_a_volume_is_said_in_one_line)
{
	if (!is_root())
		return;
	add_volume("web", "-wi-------", "", "", "");
	add_volume("db", "-wi-a-----", "", "", "");
	add_volume("stuck", "-wi-s-----", "", "", "");
	add_volume("full", "swi-I-s---", "web", "", "");
	add_volume("broken", "-wi-X-----", "", "", "");
	add_volume("pool", "twi-a-tz--", "", "", "");
	add_volume("[pool_x]", "Twi-ao----", "", "", "");
	expect_no_path("web", -ENXIO, "lvchange -ay mote-test-vg/web");
	expect_no_path("db", -ENXIO, "vgscan --mknodes");
	expect_no_path("stuck", -EBUSY, "suspended");
	expect_no_path("full", -EIO, "ran full");
	expect_no_path("broken", -EIO, "not as active");
	expect_no_path("pool", -ENOTSUP, "thin pool");
	expect_no_path("pool_x", -ENOTSUP, "part of another volume");
	expect_no_path("wbe", -ENOENT, "there is: web, db, stuck, full, broken, pool");
	ck_assert_ptr_null(strstr(host_last_line, "pool_x"));
}
END_TEST

START_TEST(a_missing_group_is_told_with_those_that_are_there)
{
	if (!is_root())
		return;
	host_make_program("lvs", "echo '  Volume group \"mote-test-vg\" not found' >&2; exit 5");
	expect_no_path("web", -ENOENT, "no volume group 'mote-test-vg'; there is: alpha, beta");
	host_make_program("vgs", "exit 5");
	expect_no_path("web", -ENOENT, "has no volume group");
}
END_TEST

START_TEST(a_long_list_of_names_is_cut)
{
	if (!is_root())
		return;
	for (unsigned int i = 0; i < 100; i++) {
		char lv[32];

		snprintf(lv, sizeof(lv), "volume%u", i);
		add_volume(lv, "-wi-a-----", "", "", "");
	}
	expect_no_path("web", -ENOENT, ", ...");
	ck_assert_uint_lt(strlen(host_last_line), 400);
}
END_TEST

START_TEST(lvms_own_trouble_is_quoted)
{
	if (!is_root())
		return;
	host_make_program("lvs", "echo '  /dev/mapper/control: open failed' >&2; exit 5");
	expect_no_path("web", -EIO, "/dev/mapper/control: open failed");
	host_make_program("lvs", "echo nonsense");
	expect_no_path("web", -EIO, "does not answer");
}
END_TEST

static int snapshot(const char *lv, uint64_t size_bytes)
{
	struct lvm_snapshot_request request = { .size_bytes = size_bytes, .vm_name = "we_b/tdata" };
	int rc;

	strcpy(name.lv, lv);
	request.origin = name;
	ck_assert_int_eq(host_janitor_start(&request.janitor), 0);
	rc = lvm_snapshot_make(&request, path);
	ck_assert_int_eq(host_janitor_finish(request.janitor), 0);
	return rc;
}

/* Whether the tools were run with `words`. */
static bool ran(const char *words)
{
	char file[HOST_PATH_BYTES], text[4096] = "";
	FILE *log;

	host_path(file, "ran");
	log = fopen(file, "re");
	if (!log)
		return false;
	(void)!fread(text, 1, sizeof(text) - 1, log);
	fclose(log);
	return strstr(text, words) != NULL;
}

START_TEST(origins_that_can_have_no_snapshot_are_refused_before_anything_is_made)
{
	if (!is_root())
		return;
	add_volume("pool", "twi-a-tz--", "", "", "");
	add_volume("snap", "swi-a-s---", "web", "", "");
	add_volume("thin", "Vwi-a-tz--", "", "pool", "");
	ck_assert_int_eq(snapshot("pool", 0), -ENOTSUP);
	host_expect_line("thin pool");
	ck_assert_int_eq(snapshot("snap", 0), -ENOTSUP);
	host_expect_line("lvm:mote-test-vg/web");
	ck_assert_int_eq(snapshot("thin", 1 << 20), -EINVAL);
	host_expect_line("leave snapshot-size out");
	ck_assert_int_eq(snapshot("none", 0), -ENOENT);
	host_expect_line("there is: pool, snap, thin");
	ck_assert(!host_exists("ran"));
}
END_TEST

START_TEST(a_refused_snapshot_is_one_line_and_removed_whatever_it_became)
{
	char file[HOST_PATH_BYTES];
	FILE *complaint;

	if (!is_root())
		return;
	add_volume("web", "-wi-a-----", "", "", "");
	host_path(file, "complaint");
	complaint = fopen(file, "we");
	fprintf(complaint, "  insufficient free space\n");
	fclose(complaint);
	host_make_program("lvremove", "exit 0");
	ck_assert_int_eq(snapshot("web", 0), -EIO);
	host_expect_line(": insufficient free space");
	ck_assert(ran("lvcreate --quiet --yes --snapshot --name mote-we-b-tdata-"));
	ck_assert(ran("--addtag mote.snapshot --addtag mote.owner="));
	ck_assert(ran("--size 268435456b --activate y mote-test-vg/web"));
}
END_TEST

START_TEST(a_snapshot_without_a_device_is_an_error_and_is_removed)
{
	if (!is_root())
		return;
	add_volume("thin", "Vwi-a-tz--", "", "pool", "");
	ck_assert_int_eq(snapshot("thin", 0), -ENOENT);
	host_expect_line("has no device node");
	ck_assert(ran("--setactivationskip n --activate y mote-test-vg/thin"));
	ck_assert(ran("lvremove --quiet --yes --select lv_name=\"mote-we-b-tdata-"));
	ck_assert(ran("&& lv_tags={\"mote.owner="));
}
END_TEST

START_TEST(a_classic_snapshot_gets_a_fifth_within_bounds)
{
	const uint64_t mib = 1 << 20;

	ck_assert_uint_eq(lvm_snapshot_default_size(10240 * mib), 2048 * mib);
	ck_assert_uint_eq(lvm_snapshot_default_size(1280 * mib), 256 * mib);
	ck_assert_uint_eq(lvm_snapshot_default_size(300 * mib), 256 * mib);
	ck_assert_uint_eq(lvm_snapshot_default_size(64 * mib), 64 * mib);
	ck_assert_uint_eq(lvm_snapshot_default_size(UINT64_MAX), UINT64_MAX / 5);
}
END_TEST

START_TEST(a_leftover_is_ours_unused_and_its_janitor_is_gone)
{
	char alive[OWNER_BYTES + 64], gone[OWNER_BYTES + 64], label[OWNER_BYTES];
	struct lvm_volume volume = {
		.vg = "vg", .name = "mote-x", .origin = "web", .attr = "swi-a-s---", .tags = gone
	};

	ck_assert_int_eq(owner_describe(getpid(), label), 0);
	snprintf(alive, sizeof(alive), "mote.snapshot,mote.owner=%s", label);
	snprintf(gone, sizeof(gone), "mote.snapshot,mote.owner=%s1", label);
	ck_assert(lvm_is_leftover(&volume));
	volume.attr = "swi-aos---";
	ck_assert(!lvm_is_leftover(&volume));
	volume.attr = "swi---s---";
	ck_assert(lvm_is_leftover(&volume));
	volume.tags = alive;
	ck_assert(!lvm_is_leftover(&volume));
	volume.tags = strchr(gone, ',') + 1;
	ck_assert(!lvm_is_leftover(&volume));
	volume.tags = "mote.snapshot,mote.owner=what";
	ck_assert(!lvm_is_leftover(&volume));
	volume.tags = "mote.snapshot";
	ck_assert(!lvm_is_leftover(&volume));
	volume.tags = "";
	ck_assert(!lvm_is_leftover(&volume));
}
END_TEST

static void remove_it(void *arg, const struct lvm_volume *volume)
{
	char complaint[LVM_COMPLAINT_BYTES];
	unsigned int *nr = arg;

	ck_assert_str_eq(volume->name, "mote-left");
	ck_assert_int_eq(lvm_leftover_remove(volume, complaint), 0);
	(*nr)++;
}

START_TEST(leftovers_are_found_mentioned_and_removed_by_their_tag)
{
	char gone[OWNER_BYTES + 128], alive[OWNER_BYTES + 64], label[OWNER_BYTES];
	unsigned int nr = 0;

	if (!is_root())
		return;
	ck_assert_int_eq(owner_describe(getpid(), label), 0);
	snprintf(alive, sizeof(alive), "mote.snapshot,mote.owner=%s", label);
	snprintf(gone, sizeof(gone), "mote.snapshot,mote.owner=%s1", label);
	add_volume("thin", "Vwi-a-tz--", "", "pool", "");
	add_volume("mote-left", "Vwi-a-tz--", "thin", "pool", gone);
	add_volume("mote-used", "Vwi-a-tz--", "thin", "pool", alive);
	ck_assert_int_eq(lvm_leftovers_each(remove_it, &nr), 0);
	ck_assert_uint_eq(nr, 1);
	snprintf(gone, sizeof(gone), "--select lv_name=\"mote-left\" && lv_tags={\"mote.owner=%s1\"} mote-test-vg",
		 label);
	ck_assert(ran(gone));
	/* The next start on the same origin says so, and fails here for want of devices. */
	strcpy(name.lv, "thin");
	ck_assert_int_eq(snapshot("thin", 0), -ENOENT);
	ck_assert_uint_eq(host_nr_lines, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host/lvm");
	TCase *tcase = tcase_create("lvm");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, host_teardown);
	tcase_add_test(tcase, what_is_wrong_with_a_volume_is_said_in_one_line);
	tcase_add_test(tcase, a_missing_group_is_told_with_those_that_are_there);
	tcase_add_test(tcase, a_long_list_of_names_is_cut);
	tcase_add_test(tcase, lvms_own_trouble_is_quoted);
	tcase_add_test(tcase, origins_that_can_have_no_snapshot_are_refused_before_anything_is_made);
	tcase_add_test(tcase, a_refused_snapshot_is_one_line_and_removed_whatever_it_became);
	tcase_add_test(tcase, a_snapshot_without_a_device_is_an_error_and_is_removed);
	tcase_add_test(tcase, a_classic_snapshot_gets_a_fifth_within_bounds);
	tcase_add_test(tcase, a_leftover_is_ours_unused_and_its_janitor_is_gone);
	tcase_add_test(tcase, leftovers_are_found_mentioned_and_removed_by_their_tag);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
