#include "vmm/host/lvm_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "test/unit/host_support.h"
#include "vmm/host/lvm_device.h"

static void expect_refusal(const char *text, const char *says)
{
	struct lvm_name name;

	ck_assert_msg(lvm_name_parse(text, &name) == -EINVAL, "'%s' is accepted", text);
	host_expect_line(says);
}

START_TEST(names_are_split_at_the_slash)
{
	struct lvm_name name;

	ck_assert_int_eq(lvm_name_parse("vg0/web", &name), 0);
	ck_assert_str_eq(name.vg, "vg0");
	ck_assert_str_eq(name.lv, "web");
	ck_assert_int_eq(lvm_name_parse("v.g_+-1/a-b.c_d+e", &name), 0);
	ck_assert_str_eq(name.vg, "v.g_+-1");
	ck_assert_str_eq(name.lv, "a-b.c_d+e");
	ck_assert_uint_eq(host_nr_lines, 0);
}
END_TEST

START_TEST(what_lvm_would_refuse_is_refused_before_it_is_asked)
{
	expect_refusal("", "volume group's name is empty");
	expect_refusal("/web", "volume group's name is empty");
	expect_refusal("vg0", "logical volume's name is missing");
	expect_refusal("vg0/", "logical volume's name is empty");
	expect_refusal("-vg/web", "begins with '-'");
	expect_refusal("vg/--yes", "begins with '-'");
	expect_refusal("./web", "folder's name");
	expect_refusal("../web", "folder's name");
	expect_refusal("vg/.", "folder's name");
	expect_refusal("vg/..", "folder's name");
	expect_refusal("vg/a/b", "a character other than");
	expect_refusal("vg/a b", "a character other than");
	expect_refusal("vg/a,ro", "a character other than");
	expect_refusal("vg/a\"b", "a character other than");
	expect_refusal("@tag/web", "a character other than");
	expect_refusal("vg/web\n", "a character other than");
	expect_refusal("v\xc3\xa4/web", "a character other than");
}
END_TEST

START_TEST(names_of_hidden_volumes_are_refused)
{
	expect_refusal("vg/pool_tdata", "hidden parts");
	expect_refusal("vg/pool_tmeta", "hidden parts");
	expect_refusal("vg/lvol0_pmspare", "hidden parts");
	expect_refusal("vg/web_rimage_0", "hidden parts");
	expect_refusal("vg/snapshot0", "hidden parts");
	expect_refusal("vg/pvmove0", "hidden parts");
}
END_TEST

START_TEST(lengths_are_bounded_at_lvms_limit)
{
	struct lvm_name name;
	char text[300];

	memset(text, 'v', 127);
	text[127] = '/';
	memset(text + 128, 'l', 127);
	text[255] = '\0';
	ck_assert_int_eq(lvm_name_parse(text, &name), 0);
	ck_assert_uint_eq(strlen(name.vg), 127);
	ck_assert_uint_eq(strlen(name.lv), 127);
	strcat(text, "l");
	expect_refusal(text, "longer than 127");
	memset(text, 'v', 128);
	strcpy(text + 128, "/web");
	expect_refusal(text, "longer than 127");
}
END_TEST

START_TEST(device_mappers_name_doubles_hyphens)
{
	struct lvm_name name = { .vg = "my-vg", .lv = "a--b" };
	char dm[LVM_DM_NAME_BYTES];

	lvm_name_to_dm(&name, dm);
	ck_assert_str_eq(dm, "my--vg-a----b");
	memset(name.vg, '-', sizeof(name.vg) - 1);
	memset(name.lv, '-', sizeof(name.lv) - 1);
	lvm_name_to_dm(&name, dm);
	ck_assert_uint_eq(strlen(dm), 127 * 4 + 1);
}
END_TEST

START_TEST(only_a_volumes_own_device_is_a_volume)
{
	static const char two[] = "abcdefghijklmnopqrstuvwxyzABCDEF0123456789abcdefGHIJKLMNOPQRSTUV";
	static const char *const suffixes[] = { "-tpool", "-pool", "-real", "-cow", "-cdata", "x", "-", " " };
	char uuid[128];

	snprintf(uuid, sizeof(uuid), "LVM-%s", two);
	ck_assert(lvm_uuid_is_volume(uuid));
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(uuid, sizeof(uuid), "LVM-%s%s", two, suffixes[i]);
		ck_assert_msg(!lvm_uuid_is_volume(uuid), "%s", uuid);
	}
	snprintf(uuid, sizeof(uuid), "LVM-%s", two + 1);
	ck_assert(!lvm_uuid_is_volume(uuid));
	snprintf(uuid, sizeof(uuid), "CRYPT-%s", two);
	ck_assert(!lvm_uuid_is_volume(uuid));
	ck_assert(!lvm_uuid_is_volume(""));
	ck_assert(!lvm_uuid_is_volume("LVM-"));
}
END_TEST

START_TEST(a_volume_that_is_not_there_has_no_device)
{
	const struct lvm_name name = { .vg = "mote-no-such-group", .lv = "mote-no-such-volume" };
	const struct lvm_name odd = { .vg = "shm", .lv = "x" };
	char path[LVM_PATH_BYTES];

	ck_assert_int_eq(lvm_device_find(&name, path), -ENOENT);
	ck_assert_int_eq(lvm_device_find(&odd, path), -ENOENT);
	ck_assert(!lvm_device_any_snapshot("mote-no-such-group"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host/lvm_name");
	TCase *tcase = tcase_create("names");

	tcase_add_checked_fixture(tcase, host_setup, host_teardown);
	tcase_add_test(tcase, names_are_split_at_the_slash);
	tcase_add_test(tcase, what_lvm_would_refuse_is_refused_before_it_is_asked);
	tcase_add_test(tcase, names_of_hidden_volumes_are_refused);
	tcase_add_test(tcase, lengths_are_bounded_at_lvms_limit);
	tcase_add_test(tcase, device_mappers_name_doubles_hyphens);
	tcase_add_test(tcase, only_a_volumes_own_device_is_a_volume);
	tcase_add_test(tcase, a_volume_that_is_not_there_has_no_device);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
