/* Which configuration counts on a disk, kernels without one, and how an entry is chosen. */
#include "firmware/config/entry.h"

#include <string.h>

#include "firmware/core/error.h"
#include "test/unit/firmware_fake_fs.h"
#include "test/unit/firmware_said.h"
#include "test/unit/unit.h"

#define ESP_UUID "abcd-1234"
#define BOOT_UUID "0b0b0b0b-0002-4a4b-8c8d-1234567890ab"
#define ROOT_UUID "4f3d2b1a-0001-4a4b-8c8d-1234567890ab"

static struct places *places;
static struct entries entries;
static struct mounted *esp;
static struct mounted *boot;
static struct mounted *root;

static void start(void)
{
	static const struct fake_place esp_place = {
		.name = "vda1",
		.kind = "vfat",
		.uuid = ESP_UUID,
		.volume = { .kind = VOLUME_PARTITION, .partition = 1, .scheme = 'g', .is_esp = true },
	};

	said_clear();
	places = fake_begin(4 << 20);
	memset(&entries, 0, sizeof(entries));
	esp = fake_add(&esp_place);
	boot = fake_partition(2, BOOT_UUID);
	root = fake_partition(3, ROOT_UUID);
	fake_file(root, "/etc/fstab", "");
	fake_link(root, "/sbin/init", "/lib/systemd/systemd");
	fake_file(root, "/boot/k", "kernel");
	fake_file(boot, "/k", "kernel");
}

static const char *found(void)
{
	ck_assert_int_eq(entries_find(places, &entries), 0);
	return entries.list[entries.chosen].title;
}

#define GRUB(title) "menuentry '" title "' { linux /boot/k\n }\nmenuentry second { linux /boot/k\n }\n"

START_TEST(grub_comes_first)
{
	fake_file(root, "/boot/extlinux/extlinux.conf", "LABEL extlinux\nLINUX /boot/k\n");
	ck_assert_str_eq(found(), "extlinux");
	fake_file(root, "/boot/loader/entries/x.conf", "title bls\nlinux /boot/k\n");
	ck_assert_str_eq(found(), "bls");
	fake_file(root, "/boot/grub/grub.cfg", GRUB("grub"));
	ck_assert_str_eq(found(), "grub");
	ck_assert_uint_eq(entries.nr, 2);
	ck_assert_ptr_nonnull(strstr(said(), "2 entries; the default is 'grub' (/boot/grub/grub.cfg on vda3)"));
}
END_TEST

START_TEST(esp_leads_to_its_own_system)
{
	fake_file(boot, "/grub/grub.cfg", "menuentry boot { linux /k\n }");
	ck_assert_str_eq(found(), "boot");
	fake_file(root, "/boot/grub/grub.cfg", GRUB("root"));
	fake_file(esp, "/EFI/BOOT/grub.cfg",
		  "search --set=root --fs-uuid " BOOT_UUID "\nconfigfile ($root)/grub/grub.cfg\n");
	fake_file(esp, "/efi/debian/Grub.cfg",
		  "search.fs_uuid " ROOT_UUID " root\nset prefix=($root)'/boot/grub'\n"
		  "configfile $prefix/grub.cfg\n");
	ck_assert_str_eq(found(), "root");
}
END_TEST

START_TEST(configurations_without_kernels_are_passed_over)
{
	fake_file(boot, "/grub/grub.cfg", "menuentry gone { linux /gone\n }\n");
	fake_file(boot, "/loader/entries/gone.conf", "linux /gone\n");
	fake_file(boot, "/extlinux/extlinux.conf", "LABEL gone\nLINUX /gone\n");
	fake_file(root, "/boot/grub/grub.cfg", GRUB("root"));
	ck_assert_str_eq(found(), "root");
	fake_file(root, "/boot/grub/grub.cfg", "");
	ck_assert_int_eq(entries_find(places, &entries), FW_ENOENT);
	fake_file(boot, "/vmlinuz-6.1", "kernel");
	ck_assert_str_eq(found(), "/vmlinuz-6.1");
	ck_assert_ptr_nonnull(strstr(said(), "no kernel was found by grub.cfg"));
	ck_assert_ptr_nonnull(strstr(said(), "no kernel was found by extlinux.conf"));
}
END_TEST

START_TEST(links_lead_to_a_kernel)
{
	fake_file(root, "/boot/vmlinuz-6.1.0-9-amd64", "kernel");
	fake_file(root, "/boot/initrd.img-6.1.0-9-amd64", "initrd");
	fake_link(root, "/vmlinuz", "boot/vmlinuz-6.1.0-9-amd64");
	fake_link(root, "/initrd.img", "boot/initrd.img-6.1.0-9-amd64");
	fake_file(root, "/boot/vmlinuz-6.1.0-18-amd64", "kernel");
	ck_assert_str_eq(found(), "/vmlinuz");
	ck_assert_str_eq(entries.list[0].initrds[0].path, "/initrd.img");
	ck_assert_str_eq(entries.list[0].arguments, "root=UUID=" ROOT_UUID " ro");
	ck_assert_uint_eq(entries.nr, 3);
	ck_assert_str_eq(entries.list[1].kernel.path, "/boot/vmlinuz-6.1.0-18-amd64");
	ck_assert_uint_eq(entries.list[1].nr_initrds, 0);
	/* Without an initrd nobody knows UUIDs. */
	ck_assert_str_eq(entries.list[1].arguments, "root=/dev/vda3 ro");
	ck_assert_str_eq(entries.list[2].initrds[0].path, "/boot/initrd.img-6.1.0-9-amd64");
}
END_TEST

START_TEST(boot_on_its_own_names_the_root)
{
	fake_file(boot, "/vmlinuz-0-rescue-5ce38c", "kernel");
	fake_file(boot, "/vmlinuz-6.5.6-300.fc39.x86_64", "kernel");
	fake_file(boot, "/vmlinuz-6.11.4-100.fc39.x86_64", "kernel");
	fake_file(boot, "/initramfs-6.11.4-100.fc39.x86_64.img", "initrd");
	fake_file(boot, "/initrd-6.5.6-300.fc39.x86_64", "initrd");
	fake_link(root, "/vmlinuz", "boot/vmlinuz-6.5.6-300.fc39.x86_64"); /* leads nowhere on its own file system */
	ck_assert_str_eq(found(), "/vmlinuz-6.11.4-100.fc39.x86_64");
	ck_assert_ptr_eq(entries.list[0].kernel.where, boot);
	ck_assert_str_eq(entries.list[0].arguments, "root=UUID=" ROOT_UUID " ro");
	ck_assert_str_eq(entries.list[0].initrds[0].path, "/initramfs-6.11.4-100.fc39.x86_64.img");
	ck_assert_str_eq(entries.list[1].initrds[0].path, "/initrd-6.5.6-300.fc39.x86_64");
	ck_assert_str_eq(entries.list[2].kernel.path, "/vmlinuz-0-rescue-5ce38c");
}
END_TEST

START_TEST(btrfs_root_is_a_subvolume)
{
	struct fake_place place = { .name = "vdb",
				    .kind = "btrfs",
				    .uuid = "11111111-0001-4a4b-8c8d-1234567890ab",
				    .volume = { .disk = 1, .part_uuid = "99999999-01" } };
	struct mounted *btrfs = fake_add(&place);

	fake_file(btrfs, "/@rootfs/etc/fstab", "");
	fake_file(btrfs, "/@rootfs/usr/sbin/init", "");
	fake_file(btrfs, "/@rootfs/boot/vmlinuz-6.1", "kernel");
	fake_file(btrfs, "/@rootfs/boot/initrd.img-6.1", "initrd");
	ck_assert_str_eq(found(), "/@rootfs/boot/vmlinuz-6.1");
	ck_assert_str_eq(entries.list[0].arguments,
			 "root=UUID=11111111-0001-4a4b-8c8d-1234567890ab ro rootflags=subvol=@rootfs");
	fake_file(btrfs, "/@rootfs/boot/vmlinuz-6.2", "kernel"); /* without an initrd */
	ck_assert_str_eq(found(), "/@rootfs/boot/vmlinuz-6.2");
	ck_assert_str_eq(entries.list[0].arguments, "root=PARTUUID=99999999-01 ro rootflags=subvol=@rootfs");
	fake_file(btrfs, "/@rootfs/boot/grub/grub.cfg", "menuentry grub { linux /@rootfs/boot/vmlinuz-6.1\n }");
	ck_assert_str_eq(found(), "grub");
}
END_TEST

START_TEST(kernels_without_a_root_are_none)
{
	places->nr = 2;
	fake_file(boot, "/vmlinuz-6.1", "kernel");
	ck_assert_int_eq(entries_find(places, &entries), FW_ENOENT);
	ck_assert_ptr_nonnull(strstr(said(), "no file system has /etc and /sbin/init"));
	places->nr = 0;
	ck_assert_int_eq(entries_find(places, &entries), FW_ENOENT);
}
END_TEST

START_TEST(entry_is_chosen_by_what_it_is_called)
{
	fake_file(root, "/boot/grub/grub.cfg",
		  "menuentry Linux --id simple { linux /boot/k\n }\n"
		  "submenu 'More of it' --id advanced {\n"
		  "menuentry Old --id old { linux /boot/k\n }\n"
		  "submenu Deep --id deep { menuentry Older { linux /boot/k\n } }\n }\n"
		  "menuentry 7 { linux /boot/k\n }\n");
	ck_assert_str_eq(found(), "Linux");
	ck_assert_int_eq(entries_choose(&entries, "0"), 0);
	ck_assert_int_eq(entries_choose(&entries, "3"), 3);
	ck_assert_int_eq(entries_choose(&entries, "4"), FW_ENOENT);
	ck_assert_int_eq(entries_choose(&entries, "simple"), 0);
	ck_assert_int_eq(entries_choose(&entries, "Old"), 1);
	ck_assert_int_eq(entries_choose(&entries, "old"), 1);
	ck_assert_int_eq(entries_choose(&entries, "More of it>Old"), 1);
	ck_assert_int_eq(entries_choose(&entries, "More of it>old"), 1);
	ck_assert_int_eq(entries_choose(&entries, "advanced>old"), 1);
	ck_assert_int_eq(entries_choose(&entries, "advanced>deep>Older"), 2);
	ck_assert_int_eq(entries_choose(&entries, "More of it>Deep>Older"), 2);
	ck_assert_int_eq(entries_choose(&entries, "advanced>Linux"), FW_ENOENT);
	ck_assert_int_eq(entries_choose(&entries, "Deep>Older"), FW_ENOENT);
	ck_assert_int_eq(entries_choose(&entries, "advanced"), FW_ENOENT);
	ck_assert_int_eq(entries_choose(&entries, "advanced>"), FW_ENOENT);
	ck_assert_int_eq(entries_choose(&entries, ""), FW_ENOENT);
	ck_assert_int_eq(entries_choose(&entries, "99999999999999"), FW_ENOENT);
}
END_TEST

START_TEST(configuration_is_read_once)
{
	static char large[200000];

	memset(large, '#', sizeof(large) - 1);
	memcpy(large, "menuentry x { linux /boot/k\n }\n", 31);
	fake_file(root, "/boot/grub/grub.cfg", large);
	ck_assert_str_eq(found(), "x");
	ck_assert_uint_lt(fake_bytes_read(), 210000);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("firmware/config/entry");
	TCase *tc = tcase_create("entries");

	tcase_add_checked_fixture(tc, start, NULL);
	tcase_add_test(tc, grub_comes_first);
	tcase_add_test(tc, esp_leads_to_its_own_system);
	tcase_add_test(tc, configurations_without_kernels_are_passed_over);
	tcase_add_test(tc, links_lead_to_a_kernel);
	tcase_add_test(tc, boot_on_its_own_names_the_root);
	tcase_add_test(tc, btrfs_root_is_a_subvolume);
	tcase_add_test(tc, kernels_without_a_root_are_none);
	tcase_add_test(tc, entry_is_chosen_by_what_it_is_called);
	tcase_add_test(tc, configuration_is_read_once);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return unit_main(suite());
}
