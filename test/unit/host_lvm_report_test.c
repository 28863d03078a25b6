#include "vmm/host/lvm_report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "test/unit/host_support.h"

#define LINE(vg, lv, size, attr, origin, pool, tags)                                                                   \
	"  LVM2_VG_NAME='" vg "' LVM2_LV_NAME='" lv "' LVM2_LV_SIZE='" size "' LVM2_LV_ATTR='" attr                    \
	"' LVM2_ORIGIN='" origin "' LVM2_POOL_LV='" pool "' LVM2_LV_TAGS='" tags "'\n"

static int parse(const char *text, struct lvm_report *report)
{
	char *copy = strdup(text);
	int rc = lvm_report_parse(copy, report);

	if (rc < 0)
		free(copy);
	return rc;
}

static void expect_refusal(const char *text)
{
	struct lvm_report report;

	ck_assert_msg(parse(text, &report) == -EPROTO, "accepted: %s", text);
}

START_TEST(volumes_come_with_all_that_was_asked_for)
{
	const struct lvm_volume *volume;
	struct lvm_report report;

	ck_assert_int_eq(parse(LINE("vg0", "web", "1073741824", "owi-aos---", "", "", "")
				       LINE("vg0", "snap", "268435456", "swi-a-s---", "web", "", "mote.snapshot,a=b")
					       LINE("vg0", "thin", "10", "Vwi---tz-k", "", "pool", "")
						       LINE("vg0", "[pool_tdata]", "10", "Twi-ao----", "", "", ""),
			       &report),
			 0);
	ck_assert_uint_eq(report.nr_volumes, 4);
	volume = lvm_report_find(&report, "vg0", "web");
	ck_assert_ptr_nonnull(volume);
	ck_assert_uint_eq(volume->size_bytes, 1073741824);
	ck_assert_int_eq(volume->attr[LVM_ATTR_TYPE], 'o');
	ck_assert_int_eq(volume->attr[LVM_ATTR_STATE], 'a');
	ck_assert_int_eq(volume->attr[LVM_ATTR_OPEN], 'o');
	ck_assert(!volume->hidden);
	volume = lvm_report_find(&report, "vg0", "snap");
	ck_assert_str_eq(volume->origin, "web");
	ck_assert_str_eq(volume->tags, "mote.snapshot,a=b");
	ck_assert_str_eq(lvm_report_find(&report, "vg0", "thin")->pool, "pool");
	ck_assert(lvm_report_find(&report, "vg0", "pool_tdata")->hidden);
	ck_assert_ptr_null(lvm_report_find(&report, "vg0", "we"));
	ck_assert_ptr_null(lvm_report_find(&report, "vg1", "web"));
	lvm_report_free(&report);
	lvm_report_free(&report);
}
END_TEST

START_TEST(an_empty_report_is_one)
{
	static const char *const texts[] = { "", "\n", "  \n\t\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct lvm_report report;

		ck_assert_int_eq(parse(texts[i], &report), 0);
		ck_assert_uint_eq(report.nr_volumes, 0);
		ck_assert_ptr_null(lvm_report_find(&report, "vg", "lv"));
		lvm_report_free(&report);
	}
}
END_TEST

START_TEST(fields_may_be_reordered_missing_or_new)
{
	struct lvm_report report;

	ck_assert_int_eq(parse("LVM2_LV_ATTR='-wi-a-----' LVM2_NEW='?' LVM2_LV_SIZE='5' LVM2_LV_NAME='b' "
			       "LVM2_VG_NAME='a'",
			       &report),
			 0);
	ck_assert_uint_eq(report.nr_volumes, 1);
	ck_assert_str_eq(report.volumes[0].origin, "");
	ck_assert_str_eq(report.volumes[0].tags, "");
	lvm_report_free(&report);
}
END_TEST

START_TEST(what_is_no_report_is_refused)
{
	expect_refusal("  WARNING: something\n");
	expect_refusal("{ \"report\": [] }\n");
	expect_refusal(LINE("vg", "lv", "", "-wi-a-----", "", "", ""));
	expect_refusal(LINE("vg", "lv", "-5", "-wi-a-----", "", "", ""));
	expect_refusal(LINE("vg", "lv", "5.00m", "-wi-a-----", "", "", ""));
	expect_refusal(LINE("vg", "lv", "99999999999999999999", "-wi-a-----", "", "", ""));
	expect_refusal(LINE("vg", "lv", "5", "-wi", "", "", ""));
	expect_refusal(LINE("vg", "lv", "5", "", "", "", ""));
	expect_refusal("LVM2_VG_NAME='a' LVM2_LV_SIZE='5' LVM2_LV_ATTR='-wi-a-----'\n");
	expect_refusal("LVM2_VG_NAME='a' LVM2_LV_NAME='b' LVM2_LV_SIZE='5' LVM2_LV_ATTR='-wi-a-----\n");
	expect_refusal("LVM2_VG_NAME='a' LVM2_LV_NAME=b LVM2_LV_SIZE='5' LVM2_LV_ATTR='-wi-a-----'\n");
	expect_refusal("='");
	expect_refusal("='' x");
	expect_refusal("'");
}
END_TEST

START_TEST(random_text_never_leads_outside_itself)
{
	static const char alphabet[] = "LVM2_VG_NAME='a' LV_SIZE=[]\n\t\\\"|,5";
	unsigned int seed = 1;

	for (unsigned int round = 0; round < 20000; round++) {
		struct lvm_report report;
		char text[96];

		for (unsigned int i = 0; i < sizeof(text) - 1; i++) {
			seed = seed * 1103515245 + 12345;
			text[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		text[sizeof(text) - 1] = '\0';
		if (parse(text, &report) == 0)
			lvm_report_free(&report);
	}
}
END_TEST

START_TEST(tags_are_compared_whole_or_by_what_follows_the_equals_sign)
{
	const struct lvm_volume volume = { .tags = "one,mote.owner=a:1:2,two" };
	char value[16];

	ck_assert(lvm_volume_has_tag(&volume, "one", NULL, 0));
	ck_assert(lvm_volume_has_tag(&volume, "two", NULL, 0));
	ck_assert(!lvm_volume_has_tag(&volume, "on", NULL, 0));
	ck_assert(!lvm_volume_has_tag(&volume, "onee", NULL, 0));
	ck_assert(!lvm_volume_has_tag(&volume, "mote.owner", NULL, 0));
	ck_assert(lvm_volume_has_tag(&volume, "mote.owner=", value, sizeof(value)));
	ck_assert_str_eq(value, "a:1:2");
	ck_assert(lvm_volume_has_tag(&volume, "mote.owner=", value, 3));
	ck_assert_str_eq(value, "a:");
	ck_assert(!lvm_volume_has_tag(&(struct lvm_volume){ .tags = "" }, "one", NULL, 0));
	ck_assert(!lvm_volume_has_tag(&(struct lvm_volume){ .tags = ",,," }, "one", NULL, 0));
}
END_TEST

START_TEST(a_report_is_asked_of_lvs_with_a_form_of_our_choice)
{
	char complaint[LVM_COMPLAINT_BYTES];
	struct lvm_report report;

	host_make_program("lvs",
			  "for word; do last=$word; [ \"$word\" != --nameprefixes ] || form=named; done\n"
			  "[ \"$form\" = named ] || exit 3\n"
			  "echo '  WARNING: noise' >&2\n"
			  "echo \"LVM2_VG_NAME='$last' LVM2_LV_NAME='b' LVM2_LV_SIZE='5' LVM2_LV_ATTR='-wi-a-----'\"");
	ck_assert_int_eq(lvm_report_read("vg7", &report, complaint), 0);
	ck_assert_uint_eq(report.nr_volumes, 1);
	ck_assert_str_eq(report.volumes[0].vg, "vg7");
	lvm_report_free(&report);
}
END_TEST

START_TEST(a_failing_lvs_is_quoted)
{
	char complaint[LVM_COMPLAINT_BYTES];
	struct lvm_report report;

	host_make_program("lvs", "echo '  Volume group \"x\" not found' >&2; exit 5");
	ck_assert_int_eq(lvm_report_read("x", &report, complaint), 5);
	ck_assert_str_eq(complaint, "Volume group \"x\" not found");
	host_make_program("lvs", "echo nonsense");
	ck_assert_int_eq(lvm_report_read(NULL, &report, complaint), -EPROTO);
	host_make_program("lvs", "head -c 5000000 /dev/zero | tr '\\0' x");
	ck_assert_int_eq(lvm_report_read(NULL, &report, complaint), -EOVERFLOW);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host/lvm_report");
	TCase *tcase = tcase_create("report");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, host_setup, host_teardown);
	tcase_add_test(tcase, volumes_come_with_all_that_was_asked_for);
	tcase_add_test(tcase, an_empty_report_is_one);
	tcase_add_test(tcase, fields_may_be_reordered_missing_or_new);
	tcase_add_test(tcase, what_is_no_report_is_refused);
	tcase_add_test(tcase, random_text_never_leads_outside_itself);
	tcase_add_test(tcase, tags_are_compared_whole_or_by_what_follows_the_equals_sign);
	tcase_add_test(tcase, a_report_is_asked_of_lvs_with_a_form_of_our_choice);
	tcase_add_test(tcase, a_failing_lvs_is_quoted);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
