# shellcheck shell=bash disable=SC2034,SC2154
# 32-bit kernels: entered by the Linux boot protocol's 32-bit entry, named by the user or found on a disk.

case_linux32_kernel() {
	start 0 --kernel "$guests/linux32" --append 'a=1 b'
	grep -q 'entered in 32-bit mode: console=ttyS0 a=1 b' out
}

case_linux32_beside_memory_above_4_gib() {
	start 0 --kernel "$guests/linux32" --memory 5G --verbose
	grep -q 'entered in 32-bit mode: console=ttyS0' out
	grep -q 'a 32-bit one: .* without PAE it uses no memory beyond 4 GiB' err
}

case_linux32_from_a_disk() {
	command -v mke2fs >/dev/null || skip 'mke2fs is not installed'
	mkdir -p tree/boot/grub
	cp "$guests/linux32" tree/boot/vmlinuz-6.1.0-50-686-pae
	head -c 5000 /dev/urandom >tree/boot/initrd
	printf '%s\n' "menuentry 'Debian i386' {" 'linux /boot/vmlinuz-6.1.0-50-686-pae root=/dev/vda' \
		'initrd /boot/initrd' '}' >tree/boot/grub/grub.cfg
	truncate -s 16M disk
	mke2fs -q -t ext4 -d tree disk
	start 0 --disk disk,ro --append quiet
	grep -q 'entered in 32-bit mode: console=ttyS0 root=/dev/vda quiet' out
}
