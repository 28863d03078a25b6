/* grub.cfg is run as GRUB runs it: what the distributions' tools write leads to their entries, and what nobody should
 * write leads to an end. */
#include "firmware/config/grub.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/core/error.h"
#include "test/unit/firmware_fake_fs.h"
#include "test/unit/firmware_grub_configs.h"
#include "test/unit/firmware_said.h"
#include "test/unit/unit.h"

#define ARENA_BYTES (4u << 20)

static struct places *places;
static struct entries entries;
static struct mounted *root;

static void start(void)
{
	said_clear();
	places = fake_begin(ARENA_BYTES);
	memset(&entries, 0, sizeof(entries));
	root = fake_partition(2, ROOT_UUID);
}

/* Runs a script as /boot/grub/grub.cfg of the root file system. */
static void run(const char *script)
{
	fake_file(root, "/boot/grub/grub.cfg", script);
	ck_assert_int_eq(grub_read(places, root, "/boot/grub/grub.cfg", &entries), 0);
}

static void put_debian_kernels(void)
{
	fake_file(root, "/boot/vmlinuz-" NEW, "kernel");
	fake_file(root, "/boot/initrd.img-" NEW, "initrd");
	fake_file(root, "/boot/vmlinuz-" OLD, "kernel");
	fake_file(root, "/boot/initrd.img-" OLD, "initrd");
}

#define DEFAULT "0"
static const char debian[] = DEBIAN;
#undef DEFAULT
#define DEFAULT "${saved_entry}"
static const char debian_saved[] = DEBIAN;
static const char ubuntu[] = UBUNTU;

START_TEST(debian_lists_its_kernels)
{
	put_debian_kernels();
	run(debian);
	ck_assert_uint_eq(entries.nr, 4);
	ck_assert_uint_eq(entries.chosen, 0);
	ck_assert_uint_eq(entries.timeout_seconds, 5);
	ck_assert_str_eq(entries.list[0].title, "Debian GNU/Linux");
	ck_assert_str_eq(entries.list[0].id, "gnulinux-simple-" ROOT_UUID);
	ck_assert_ptr_null(entries.list[0].submenu);
	ck_assert_ptr_eq(entries.list[0].kernel.where, root);
	ck_assert_str_eq(entries.list[0].kernel.path, "/boot/vmlinuz-" NEW);
	ck_assert_uint_eq(entries.list[0].nr_initrds, 1);
	ck_assert_str_eq(entries.list[0].initrds[0].path, "/boot/initrd.img-" NEW);
	ck_assert_str_eq(entries.list[0].arguments, "root=UUID=" ROOT_UUID " ro quiet vt.handoff=7");
	ck_assert_str_eq(entries.list[0].origin, "/boot/grub/grub.cfg on vda2");
	ck_assert_str_eq(entries.list[2].title, "Debian GNU/Linux, with Linux " NEW " (recovery mode)");
	ck_assert_str_eq(entries.list[2].submenu, "Advanced options for Debian GNU/Linux");
	ck_assert_str_eq(entries.list[2].submenu_id, "gnulinux-advanced-" ROOT_UUID);
	ck_assert_str_eq(entries.list[2].arguments, "root=UUID=" ROOT_UUID " ro single");
	ck_assert_str_eq(entries.list[3].kernel.path, "/boot/vmlinuz-" OLD);
	ck_assert_ptr_nonnull(strstr(said(), "'UEFI Firmware Settings' is left out: it is not Linux: fwsetup"));
	ck_assert_ptr_null(strstr(said(), "unknown"));
}
END_TEST

/* What grubenv holds, and which entry it chooses. */
static const struct {
	const char *environment;
	unsigned int chosen;
	unsigned int timeout_seconds;
} environments[] = {
	{ "saved_entry=gnulinux-advanced-" ROOT_UUID ">gnulinux-" OLD "-advanced-" ROOT_UUID "\n", 3, 5 },
	{ "saved_entry=Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux " NEW " (recovery mode)\n", 2,
	  5 },
	{ "saved_entry=1>2\n", 3, 5 },
	{ "saved_entry=1\n", 1, 5 }, /* a submenu: its first entry */
	{ "saved_entry=0\nnext_entry=1>1\n", 2, 5 },
	{ "saved_entry=1>2\nprev_saved_entry=1>1\n", 3, 5 }, /* is read behind the default */
	{ "saved_entry=uefi-firmware\n", 0, 5 }, /* nothing to start there */
	{ "saved_entry=gone\n", 0, 5 },
	{ "saved_entry=9\n", 0, 5 },
	{ "saved_entry=\n", 0, 5 },
	{ "recordfail=1\n", 0, 30 },
	{ "saved_\\\nentry=1\n", 0, 5 }, /* a name with a newline */
	{ "saved_entry=1\\>2\n", 3, 5 }, /* the backslash hides what follows */
};

START_TEST(environment_chooses_the_default)
{
	char block[1025];
	size_t len;

	put_debian_kernels();
	snprintf(block, sizeof(block), "# GRUB Environment Block\n%s", environments[_i].environment);
	len = strlen(block);
	memset(block + len, '#', sizeof(block) - 1 - len);
	block[sizeof(block) - 1] = '\0';
	fake_file(root, "/boot/grub/grubenv", block);
	run(debian_saved);
	ck_assert_uint_eq(entries.nr, 4);
	ck_assert_uint_eq(entries.chosen, environments[_i].chosen);
	ck_assert_uint_eq(entries.timeout_seconds, environments[_i].timeout_seconds);
}
END_TEST

START_TEST(kernel_that_is_gone_is_left_out)
{
	fake_file(root, "/boot/vmlinuz-" OLD, "kernel");
	fake_file(root, "/boot/initrd.img-" OLD, "initrd");
	run(debian);
	ck_assert_uint_eq(entries.nr, 1);
	ck_assert_str_eq(entries.list[0].kernel.path, "/boot/vmlinuz-" OLD);
	ck_assert_ptr_nonnull(strstr(said(), "there is no /boot/vmlinuz-" NEW " on vda2"));
	ck_assert_ptr_nonnull(strstr(said(), "the default, '0', is not among the entries"));
}
END_TEST

START_TEST(initrd_that_is_gone_is_said)
{
	fake_file(root, "/boot/vmlinuz-" NEW, "kernel");
	run(debian);
	ck_assert_uint_eq(entries.nr, 3);
	ck_assert_uint_eq(entries.list[0].nr_initrds, 0);
	ck_assert_ptr_nonnull(strstr(said(), "there is no /boot/initrd.img-" NEW));
}
END_TEST

START_TEST(stub_on_the_esp_leads_to_the_real_one)
{
	struct mounted *esp = fake_partition(1, "abcd-1234");

	put_debian_kernels();
	fake_file(root, "/boot/grub/grub.cfg", debian);
	fake_file(esp, "/EFI/debian/grub.cfg", DEBIAN_STUB);
	ck_assert_int_eq(grub_read(places, esp, "/EFI/debian/grub.cfg", &entries), 0);
	ck_assert_uint_eq(entries.nr, 4);
	ck_assert_str_eq(entries.list[0].origin, "/boot/grub/grub.cfg on vda2");
}
END_TEST

START_TEST(fedora_takes_entries_of_the_specification)
{
	struct mounted *boot = fake_partition(1, BOOT_UUID);
	struct mounted *esp = fake_partition(3, "abcd-1234");

	fake_file(esp, "/EFI/fedora/grub.cfg", FEDORA_STUB);
	fake_file(boot, "/grub2/grub.cfg", FEDORA);
	fake_file(boot, "/grub2/grubenv",
		  "# GRUB Environment Block\nsaved_entry=" MACHINE_ID "-6.5.6-300.fc39.x86_64\nboot_success=0\n"
		  "tuned_initrd=/tuned.img\nmenu_auto_hide=1\nboot_indeterminate=1\n");
	fake_file(boot, "/loader/entries/" MACHINE_ID "-6.5.6-300.fc39.x86_64.conf",
		  FEDORA_BLS("6.5.6-300.fc39.x86_64"));
	fake_file(boot, "/loader/entries/" MACHINE_ID "-6.11.4-100.fc39.x86_64.conf",
		  FEDORA_BLS("6.11.4-100.fc39.x86_64"));
	fake_file(boot, "/loader/entries/" MACHINE_ID "-0-rescue.conf", FEDORA_BLS("0-rescue"));
	fake_file(boot, "/vmlinuz-6.5.6-300.fc39.x86_64", "kernel");
	fake_file(boot, "/vmlinuz-6.11.4-100.fc39.x86_64", "kernel");
	fake_file(boot, "/vmlinuz-0-rescue", "kernel");
	fake_file(boot, "/initramfs-6.5.6-300.fc39.x86_64.img", "initrd");
	fake_file(boot, "/tuned.img", "initrd");
	ck_assert_int_eq(grub_read(places, esp, "/EFI/fedora/grub.cfg", &entries), 0);
	ck_assert_uint_eq(entries.nr, 3);
	ck_assert_uint_eq(entries.chosen, 1);
	ck_assert_uint_eq(entries.timeout_seconds, 1);
	ck_assert_str_eq(entries.list[0].title, "Fedora Linux (6.11.4-100.fc39.x86_64) 39 (Server Edition)");
	ck_assert_str_eq(entries.list[1].kernel.path, "/vmlinuz-6.5.6-300.fc39.x86_64");
	ck_assert_uint_eq(entries.list[1].nr_initrds, 2);
	ck_assert_str_eq(entries.list[1].initrds[1].path, "/tuned.img");
	ck_assert_str_eq(entries.list[1].arguments, "root=/dev/mapper/fedora-root ro  ");
	ck_assert_str_eq(entries.list[2].kernel.path, "/vmlinuz-0-rescue");
	ck_assert_ptr_null(strstr(said(), "unknown"));
}
END_TEST

START_TEST(suse_has_options_and_no_snapshots)
{
	fake_file(root, "/boot/vmlinuz-5.14.21-default", "kernel");
	fake_file(root, "/boot/initrd-5.14.21-default", "initrd");
	run(SUSE);
	ck_assert_uint_eq(entries.nr, 1);
	ck_assert_str_eq(entries.list[0].title, "openSUSE Leap 15.5");
	ck_assert_str_eq(entries.list[0].arguments,
			 "root=UUID=" ROOT_UUID " splash=silent quiet security=apparmor mitigations=auto");
	ck_assert_uint_eq(entries.list[0].nr_initrds, 1);
}
END_TEST

START_TEST(ubuntu_takes_the_branch_of_its_environment)
{
	fake_file(root, "/boot/vmlinuz-5.15.0-91-generic", "kernel");
	fake_file(root, "/boot/initrd.img-5.15.0-91-generic", "initrd");
	fake_file(root, "/boot/memtest86+x64.bin", "memtest");
	fake_file(root, "/boot/grub/grubenv", "# GRUB Environment Block\ninitrdfail=1\n");
	run(ubuntu);
	ck_assert_uint_eq(entries.nr, 2);
	ck_assert_uint_eq(entries.list[0].nr_initrds, 1);
	ck_assert_str_eq(entries.list[0].arguments,
			 "root=PARTUUID=11111111-2222-3333-4444-555555555555 ro console=tty1 console=ttyS0");
	start();
	fake_file(root, "/boot/vmlinuz-5.15.0-91-generic", "kernel");
	run(ubuntu);
	ck_assert_uint_eq(entries.list[0].nr_initrds, 0);
	ck_assert_ptr_nonnull(strstr(entries.list[0].arguments, "panic=-1"));
}
END_TEST

/* A script whose entry's arguments, those of "x", show what it has done. */
static const char *arguments_of(const char *script)
{
	static char text[1 << 17];

	start();
	fake_file(root, "/k", "kernel");
	fake_file(root, "/empty", "");
	fake_file(root, "/dir/file", "file");
	fake_file(root, "/env", "# comment\nresult=from\nno equals\nunwanted=x");
	ck_assert_uint_lt(strlen(script) + 64, sizeof(text));
	snprintf(text, sizeof(text), "%s\nmenuentry x {\nlinux /k $result\n}\n", script);
	run(text);
	ck_assert_msg(entries.nr == 1, "%s: %s", script, said());
	return entries.list[0].arguments;
}

static const struct {
	const char *script;
	const char *result;
} scripts[] = {
	/* Words, quotes, variables */
	{ "set result=a", "a" },
	{ "result=a", "a" },
	{ "set result='a b'", "a b" },
	{ "set a='1 2'; set result=\"<$a>\"", "<1 2>" },
	{ "set a=1; set result=$a'$a'\"$a\\$a\\\\\\\"\"\\$a", "1$a1$a\\\\\\\"$a" },
	{ "set a=1\nset result=${a}x$a-$ax", "1x1-" },
	{ "set result=it\\'s", "it\\'s" },
	{ "set result='it'\\''s'", "it\\'s" },
	{ "set result=one\\\ntwo", "onetwo" },
	{ "set result=\"one\\\ntwo\"", "onetwo" },
	{ "set result=$\"hello\"", "hello" },
	{ "set result=a$", "a$" },
	{ "set result=a#b # comment 'with a quote", "a#b" },
	{ "# comment that isn't closed \"\nset result=a", "a" },
	{ "set result=a;;  ; set result=b # x", "b" },
	{ "set result=a\r\n", "a" },
	{ "set result=", "" },
	{ "set result=a; unset result", "" },
	{ "set result=a; set result", "a" },
	{ "set 1x=2; set result=$feature_anything$no_feature", "y" },
	/* Conditions */
	{ "if true; then result=a; else result=b; fi", "a" },
	{ "if false; then result=a; else result=b; fi", "b" },
	{ "if false\nthen\nresult=a\nelif true\nthen\nresult=c\nelse\nresult=b\nfi", "c" },
	{ "if true; then result=a; elif true; then result=c; fi", "a" },
	{ "if ! false; then result=a; fi", "a" },
	{ "if false; then if true; then result=a; else result=b; fi; else result=c; fi", "c" },
	{ "if false; then echo fi 'fi' \"if\"; result=a; fi; result=$result-", "-" },
	{ "false; result=$?; true; result=$result$?", "10" },
	{ "if [ a = a ]; then result=1; fi", "1" },
	{ "if [ a == b -o a != b ]; then result=1; fi", "1" },
	{ "if [ a = a -a ! b = b ]; then result=1; fi", "" },
	{ "if [ -z \"$nothing\" -a -n x ]; then result=1; fi", "1" },
	{ "if [ x$nothing = x ]; then result=1; fi", "1" },
	{ "if [ 10 -gt 9 -a 9 -lt 10 -a 1 -eq 01 -a -1 -le 0 -a 2 -ge 2 -a 1 -ne 2 ]; then result=1; fi", "1" },
	{ "if [ b > a -a a '<' b -a a '<=' a -a b '>=' a ]; then result=1; fi", "1" },
	{ "if test \\( a = b -o c = c \\) -a d = d; then result=1; fi", "1" },
	{ "if [ \"\" ]; then result=1; fi", "" },
	{ "if [ ]; then result=1; fi", "" },
	{ "if [ -f /k -a -e /dir -a -d /dir -a -s /k -a ! -s /empty -a ! -f /dir -a ! -d /k ]; then result=1; fi",
	  "1" },
	{ "if [ -e (hd0,2)/k -a -e (hd0,gpt2)/dir/file -a ! -e (hd9)/k ]; then result=1; fi", "1" },
	{ "if [ -f /none ]; then result=1; else result=0; fi", "0" },
	/* Functions and loops */
	{ "function f { result=\"$1-$2-$#\"; }\nf a 'b c'", "a-b c-2" },
	{ "function f { result=$*; return; result=b; }; f a", "a" },
	{ "function f { result=\"$@\"; }; f a 'b  c' d", "a b c d" },
	{ "if false; then function f { result=b; }; fi; function f { result=a; }; f", "a" },
	{ "set \\\n\tresult=a", "a" },
	{ "function f { return 1; }; if f; then result=a; else result=b; fi", "b" },
	{ "function f {\n  # it's a } comment\n  result='}'\n}\nf", "}" },
	{ "for i in a b c; do result=$result$i; done", "abc" },
	{ "for i in a b c; do if [ $i = b ]; then continue; fi; result=$result$i; done", "ac" },
	{ "for i in a b c; do if [ $i = b ]; then break; fi; result=$result$i; done", "a" },
	{ "for i in ; do result=x; done", "" },
	{ "list='a b'; for i in $list \"$list\"; do result=\"$result<$i>\"; done", "<a><b><a b>" },
	{ "while [ \"$result\" != xxx ]; do result=x$result; done", "xxx" },
	{ "until [ \"$result\" = xx ]; do result=x$result; done", "xx" },
	/* Files and devices */
	{ "result=$prefix", "(hd0,gpt2)/boot/grub" },
	{ "search --set=result --file /dir/file", "hd0,gpt2" },
	{ "search --no-floppy --fs-uuid --set=result " ROOT_UUID, "hd0,gpt2" },
	{ "search.fs_uuid " ROOT_UUID " result hd7", "hd0,gpt2" },
	{ "search --fs-uuid " ROOT_UUID, "" },
	{ "if search --label nobody --set=result; then true; else result=none; fi", "none" },
	{ "if search; then true; else result=none; fi", "none" },
	{ "result=a; load_env -f /none", "a" },
	{ "load_env --skip-sig --file=(hd0,gpt2)/env result other", "from" },
	{ "load_env -f /env wanted", "" },
	{ "load_env -f (hd9)/env", "" },
	{ "root=; search --set --file /dir/file; result=$root", "hd0,gpt2" },
	{ "search --hint hd7 --set=result -f /dir/file ignored", "hd0,gpt2" },
	{ "root=(hd0,2); if [ -f /k ]; then result=a; fi", "a" },
	{ "source /none; result=a", "a" },
	{ "unheard_of --of; if [ $? = 1 ]; then result=a; fi", "a" },
	/* What ends nothing */
	{ "fi; done; }; then; result=a", "a" },
	{ "menuentry; submenu; menuentry y; menuentry --id; result=a", "a" },
	{ "{ result=b; }; result=a", "a" },
};

START_TEST(scripts_do_what_they_say)
{
	/* Arguments with blanks are quoted again, as GRUB does. */
	const char *expected = scripts[_i].result;
	const char *got = arguments_of(scripts[_i].script);

	ck_assert_msg(strcmp(got, expected) == 0, "%s: got '%s', not '%s'", scripts[_i].script, got, expected);
}
END_TEST

START_TEST(arguments_are_quoted_again)
{
	fake_file(root, "/k", "kernel");
	run("menuentry x { linux /k 'a b' \"c=\\\"d\\\"\" e\\\\f g }");
	ck_assert_str_eq(entries.list[0].arguments, "\"a b\" c=\\\"d\\\" e\\\\f g");
}
END_TEST

START_TEST(initrds_have_a_limit)
{
	fake_file(root, "/k", "kernel");
	run("menuentry x { linux /k; initrd /k /k /k; initrd /k /k /k /k /k /k /k /k /k /k\n}\n"
	    "menuentry y { linux /k; initrd /k; linux /k\n}\n");
	ck_assert_uint_eq(entries.nr, 2);
	ck_assert_uint_eq(entries.list[0].nr_initrds, ENTRY_MAX_INITRDS);
	ck_assert_uint_eq(entries.list[1].nr_initrds, 0);
	ck_assert_ptr_nonnull(strstr(said(), "more than 8 initrds"));
}
END_TEST

START_TEST(entries_do_not_change_each_other)
{
	fake_file(root, "/k", "kernel");
	run("a=1\n"
	    "menuentry x --id=first { a=2; linux /k $a; function f { b=3; } }\n"
	    "submenu s { c=4\n menuentry y { linux /k $a $c; f; linux /k $a $b $c\n } }\n"
	    "menuentry z { linux /k $a$c\n }\n");
	ck_assert_uint_eq(entries.nr, 3);
	ck_assert_str_eq(entries.list[0].arguments, "2");
	ck_assert_str_eq(entries.list[0].id, "first");
	ck_assert_str_eq(entries.list[1].arguments, "1 4");
	ck_assert_str_eq(entries.list[1].submenu, "s");
	ck_assert_str_eq(entries.list[2].arguments, "1");
}
END_TEST

START_TEST(submenus_nest)
{
	fake_file(root, "/k", "kernel");
	run("default='a>>b>c>2'\n"
	    "submenu 'a>b' --id A { submenu c --id C { menuentry 1 { linux /k 1\n }; menuentry 2 { linux /k 2\n }\n"
	    "menuentry 3 { linux /k 3\n } } }\n");
	ck_assert_uint_eq(entries.nr, 3);
	ck_assert_uint_eq(entries.chosen, 2);
	ck_assert_str_eq(entries.list[2].submenu, "a>b>c");
	ck_assert_str_eq(entries.list[2].submenu_id, "A>C");
}
END_TEST

START_TEST(logical_volumes_have_names)
{
	struct fake_place place = {
		.name = "vg-0/root",
		.uuid = BOOT_UUID,
		.label = "system",
		.volume = { .kind = VOLUME_LOGICAL, .lvm_name = "vg-0/root", .lvm_uuid = "AAAAAA-bbbb/CCCCCC-dddd" },
	};
	static const char *const names[] = { "lvm/vg--0-root", "(lvm/vg--0-root)", "lvmid/AAAAAA-bbbb/CCCCCC-dddd" };
	struct mounted *logical = fake_add(&place);
	char script[256];

	fake_file(logical, "/k", "kernel");
	for (unsigned int i = 0; i < 3; i++) {
		snprintf(script, sizeof(script), "set root='%s'\nmenuentry x { linux /k\n}", names[i]);
		memset(&entries, 0, sizeof(entries));
		run(script);
		ck_assert_uint_eq(entries.nr, 1);
		ck_assert_ptr_eq(entries.list[0].kernel.where, logical);
	}
	memset(&entries, 0, sizeof(entries));
	run("search --set=root --label system\nmenuentry x { linux (lvm/vg--0-root)/k $root\n}");
	ck_assert_str_eq(entries.list[0].arguments, "lvm/vg--0-root");
}
END_TEST

START_TEST(copies_of_a_disk_are_told_apart)
{
	struct fake_place copy = { .name = "vdb2",
				   .uuid = ROOT_UUID,
				   .volume = { .kind = VOLUME_PARTITION, .disk = 1, .partition = 2, .scheme = 'm' } };
	struct mounted *other = fake_add(&copy);

	fake_file(root, "/k", "kernel");
	fake_file(other, "/k", "kernel");
	fake_file(other, "/grub.cfg", "search --fs-uuid --set=root " ROOT_UUID "\nmenuentry x { linux /k $root\n}");
	ck_assert_int_eq(grub_read(places, other, "/grub.cfg", &entries), 0);
	ck_assert_ptr_eq(entries.list[0].kernel.where, other);
	ck_assert_str_eq(entries.list[0].arguments, "hd1,msdos2");
}
END_TEST

START_TEST(what_is_not_linux_is_left_out)
{
	put_debian_kernels();
	run("menuentry Xen { multiboot2 /boot/xen.gz placeholder\n module2 /boot/vmlinuz-" NEW "\n}\n"
	    "menuentry Windows { chainloader /EFI/Microsoft/Boot/bootmgfw.efi\n}\n"
	    "menuentry nowhere { set root=hd7,msdos1; linux /vmlinuz\n}\n"
	    "menuentry Linux { linux /boot/vmlinuz-" NEW "\n}\n"
	    "default=Windows; timeout=-1\n");
	ck_assert_uint_eq(entries.nr, 1);
	ck_assert_uint_eq(entries.timeout_seconds, UINT_MAX);
	ck_assert_ptr_nonnull(strstr(said(), "'Xen' is left out: it is not Linux: multiboot2"));
	ck_assert_ptr_nonnull(strstr(said(), "there is no device 'hd7,msdos1' for /vmlinuz"));
	ck_assert_ptr_nonnull(strstr(said(), "the default, 'Windows'"));
}
END_TEST

START_TEST(too_many_entries_still_have_the_default)
{
	static char script[65536];
	size_t len = 0;

	fake_file(root, "/k", "kernel");
	len += (size_t)snprintf(script, sizeof(script), "default=t99\n");
	for (unsigned int i = 0; i < 120; i++)
		len += (size_t)snprintf(script + len, sizeof(script) - len, "menuentry t%u { linux /k\n}\n", i);
	run(script);
	ck_assert_uint_eq(entries.nr, ENTRY_MAX);
	ck_assert_uint_eq(entries.chosen, ENTRY_MAX - 1);
	ck_assert_str_eq(entries.list[entries.chosen].title, "t99");
}
END_TEST

/* Scripts that would take for ever, or all memory: each ends, having said so. */
static const struct {
	const char *script;
	const char *said;
} hostile[] = {
	{ "while true; do true; done", "takes too long" },
	{ "while true; do x=$x$x; x=x$x; done", "too long" },
	{ "function f { f; }; f", "nested too deeply" },
	{ "function f { f; f; }; f", "nested too deeply" },
	{ "function f { g; g; }; function g { h; h; }; function h { while true; do h; done; }; f",
	  "nested too deeply" },
	{ "source /boot/grub/grub.cfg", "nested too deeply" },
	{ "configfile /boot/grub/grub.cfg", "nested too deeply" },
	{ "while true; do search --set=x --file /none; done", "takes too long" },
	{ "while true; do blscfg; done", "takes too long" },
	{ "while true; do a=1; b=$none; done", "takes too long" },
	{ "while true; do function f { }; g; done", "takes too long" },
	{ "while true; do unheard_of; done", "more is not said" },
	{ "if true; then", "without its end" },
	{ "if true", "without its end" },
	{ "while true; do", "without its end" },
	{ "for i in a", "without its end" },
	{ "if true; then fi", "" },
	{ "function f {", "" },
	{ "menuentry x {", "" },
	{ "menuentry x { menuentry y { } ", "" },
	{ "submenu a { submenu b { submenu c { submenu d { submenu e { } } } } }", "too many menus" },
	{ "set x='", "" },
	{ "set x=\"", "" },
	{ "set x=\\", "" },
	{ "set x=$", "" },
	{ "set x=${", "" },
	{ "[", "" },
	{ "[ ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( ( (", "" },
	{ "[ ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! ! x ]", "" },
	{ "! ! ! !", "" },
	{ "''", "" },
	{ "", "" },
};

START_TEST(hostile_scripts_end)
{
	int rc;

	fake_file(root, "/boot/grub/grub.cfg", hostile[_i].script);
	rc = grub_read(places, root, "/boot/grub/grub.cfg", &entries);
	ck_assert(rc == 0 || rc == FW_ENOMEM);
	ck_assert_uint_eq(entries.nr, 0);
	ck_assert_uint_lt(strlen(said()), 32768);
	ck_assert_msg(strstr(said(), hostile[_i].said) != NULL, "%s: said '%.2000s'", hostile[_i].script, said());
}
END_TEST

/* Deep and wide texts: brackets of all kinds, again and again. */
static const char *const repeated[] = {
	"{",
	"}",
	"if ",
	"if true; then ",
	"while true; do ",
	"$",
	"${a",
	"\"$a",
	"'",
	"\\",
	"[ ",
	"! ",
	"( ",
	"submenu x { ",
	"function f { ",
	"menuentry x { ",
	"menuentry x { } ",
	"for i in a; do ",
	"a=$a$a$a$a$a$a$a$a ",
	"\n",
	";",
	"#",
};

START_TEST(repeated_texts_end)
{
	static char script[200000];
	size_t len = strlen(repeated[_i]);
	int rc;

	for (size_t at = 0; at + len < sizeof(script); at += len)
		memcpy(script + at, repeated[_i], len);
	script[sizeof(script) - 1] = '\0';
	fake_file(root, "/boot/grub/grub.cfg", script);
	rc = grub_read(places, root, "/boot/grub/grub.cfg", &entries);
	ck_assert(rc == 0 || rc == FW_ENOMEM);
	ck_assert_uint_eq(entries.nr, 0);
}
END_TEST

START_TEST(small_memory_is_an_error)
{
	/* Whatever is left, nothing is written beyond it: the arena is a heap block of its own. */
	for (size_t size = 0; size < 200000; size += 1999) {
		int rc;

		said_clear();
		places = fake_begin(size);
		memset(&entries, 0, sizeof(entries));
		root = fake_partition(2, ROOT_UUID);
		put_debian_kernels();
		fake_file(root, "/boot/grub/grub.cfg", debian);
		rc = grub_read(places, root, "/boot/grub/grub.cfg", &entries);
		if (rc != FW_ENOMEM && (rc != 0 || entries.nr != 4))
			ck_abort_msg("%zu bytes: %d, %u entries", size, rc, entries.nr);
	}
}
END_TEST

START_TEST(missing_and_large_files_are_not_there)
{
	static char large[(1 << 20) + 2];

	ck_assert_int_eq(grub_read(places, root, "/none", &entries), FW_ENOENT);
	memset(large, '#', sizeof(large) - 1);
	fake_file(root, "/large", large);
	ck_assert_int_eq(grub_read(places, root, "/large", &entries), FW_ENOENT);
	fake_file(root, "/dir/file", "");
	ck_assert_int_eq(grub_read(places, root, "/dir", &entries), FW_ENOENT);
}
END_TEST

#define COUNT(list) (int)(sizeof(list) / sizeof((list)[0]))

static Suite *suite(void)
{
	Suite *s = suite_create("firmware/config/grub");
	TCase *distributions = tcase_create("distributions");
	TCase *language = tcase_create("language");
	TCase *bounds = tcase_create("bounds");

	tcase_add_checked_fixture(distributions, start, NULL);
	tcase_add_test(distributions, debian_lists_its_kernels);
	tcase_add_loop_test(distributions, environment_chooses_the_default, 0, COUNT(environments));
	tcase_add_test(distributions, kernel_that_is_gone_is_left_out);
	tcase_add_test(distributions, initrd_that_is_gone_is_said);
	tcase_add_test(distributions, stub_on_the_esp_leads_to_the_real_one);
	tcase_add_test(distributions, fedora_takes_entries_of_the_specification);
	tcase_add_test(distributions, suse_has_options_and_no_snapshots);
	tcase_add_test(distributions, ubuntu_takes_the_branch_of_its_environment);
	suite_add_tcase(s, distributions);
	tcase_add_checked_fixture(language, start, NULL);
	tcase_add_loop_test(language, scripts_do_what_they_say, 0, COUNT(scripts));
	tcase_add_test(language, arguments_are_quoted_again);
	tcase_add_test(language, initrds_have_a_limit);
	tcase_add_test(language, entries_do_not_change_each_other);
	tcase_add_test(language, submenus_nest);
	tcase_add_test(language, logical_volumes_have_names);
	tcase_add_test(language, copies_of_a_disk_are_told_apart);
	tcase_add_test(language, what_is_not_linux_is_left_out);
	suite_add_tcase(s, language);
	tcase_add_checked_fixture(bounds, start, NULL);
	tcase_add_test(bounds, too_many_entries_still_have_the_default);
	tcase_add_loop_test(bounds, hostile_scripts_end, 0, COUNT(hostile));
	tcase_add_loop_test(bounds, repeated_texts_end, 0, COUNT(repeated));
	tcase_add_test(bounds, small_memory_is_an_error);
	tcase_add_test(bounds, missing_and_large_files_are_not_there);
	suite_add_tcase(s, bounds);
	return s;
}

int main(void)
{
	return unit_main(suite());
}
