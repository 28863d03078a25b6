# Disks on which something is amiss: what is started all the same, or why nothing is. Sourced by run.sh.
# shellcheck shell=bash

debian_on() { # debian_on DISK: with a change to its files before, by the case's function `change`
	make_system $DEBIAN "${V12[@]}"
	debian_grub 0 "${V12[@]}"
	change
	format root ext4
	"$1" root
}
case_boot_gpt_second_copy() {
	change() { :; }
	debian_on on_gpt
	dd if=/dev/zero of=disk bs=512 seek=1 count=1 conv=notrunc status=none
	boots
}
# The first entries that can be started count: GRUB's menu ends where the file does.
case_boot_configuration_cut_short() {
	change() { sed -i "/^submenu/,\$d" root/boot/grub/grub.cfg; }
	debian_on on_gpt
	titles=("${titles[0]}")
	boots
}
case_boot_configuration_empty() {
	change() { : >root/boot/grub/grub.cfg; }
	debian_on on_gpt
	titles=() versions=() kernels=() initrds=() arguments=() origins=()
	newest "${V12[@]}"
	boots
}
case_boot_newest_kernel_is_gone() {
	change() { rm "root/boot/vmlinuz-${V12[0]}"; }
	debian_on on_gpt
	titles=("${titles[@]:3}") versions=("${versions[@]:3}") kernels=("${kernels[@]:3}") initrds=("${initrds[@]:3}")
	arguments=("${arguments[@]:3}") origins=("${origins[@]:3}")
	boots
}
case_boot_without_drivers() {
	change() { initrd <<<usr/bin/busybox >"root/boot/initrd.img-${V12[0]}"; }
	debian_on on_gpt
	drivers='missing: neither in the initrd nor in the kernel, so it will not find its disks'
	boots
}
case_boot_built_in_drivers() {
	change() {
		initrd <<<usr/bin/busybox >"root/boot/initrd.img-${V12[0]}"
		mkdir -p "root/lib/modules/${V12[0]}"
		drivers_in . | sed 's/.*kernel/kernel/' >"root/lib/modules/${V12[0]}/modules.builtin"
	}
	debian_on on_gpt
	boots
}
case_boot_encrypted_root() {
	boot_apart
	root=/dev/mapper/vda2_crypt
	make_system $DEBIAN "${V12[@]}"
	debian_grub 0 "${V12[@]}"
	format boot ext4
	{ printf 'LUKS\xba\xbe\0\2' && zeroes 4194296; } >root.img
	is[root]='LUKS, encrypted' root_is='encrypted, so the guest will ask for its key'
	on_gpt boot root
	boots
}
case_boot_another_root() {
	change() { sed -i "s/root=UUID=4/root=UUID=5/" root/boot/grub/grub.cfg; }
	debian_on on_gpt
	arguments[0]="root=UUID=5${uuid[root]#4} ro quiet" root_is='nothing that was found on these disks'
	boots
}
case_boot_another_architecture() {
	change() { { printf 'MZ' && zeroes 54 && printf 'ARM\x64' && zeroes 4096; } >"root/boot/vmlinuz-${V12[0]}"; }
	debian_on on_gpt
	fails "entry 'Debian GNU/Linux': /boot/vmlinuz-${V12[0]} on vda1 is a kernel for arm64, which an x86-64 machine can't start"
}
case_boot_empty_kernel() {
	change() { : >"root/boot/vmlinuz-${V12[0]}"; }
	debian_on on_gpt
	fails "entry 'Debian GNU/Linux': the kernel /boot/vmlinuz-${V12[0]} on vda1 is empty"
}
case_boot_no_system() {
	mkdir -p root/home
	format root ext4
	on_gpt root
	fails "nothing to boot: no boot loader's configuration and no kernel was found"
}
case_boot_encrypted_disk() {
	{ printf 'LUKS\xba\xbe\0\2' && zeroes 4194296; } >disk
	disks=(disk)
	fails 'nothing to boot: the disks hold encrypted volumes and no file system beside them'
}
case_boot_empty_disk() {
	truncate -s 8M disk
	disks=(disk)
	fails 'nothing to boot: no disk holds a file system that can be read'
}
