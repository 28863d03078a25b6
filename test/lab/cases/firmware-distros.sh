# Debian 11, 12, 13 and 32-bit Debian start from disks laid out by their own programs, as GRUB, systemd-boot or extlinux would
# when named
# distros
# inspect DISK KERNEL ROOT: what mote says that it would start.
inspect() {
    "$MOTE" inspect "$1" >"$WORK/inspect" || fail "inspect: exit status $?"
    sed 's/^/  | /' "$WORK/inspect"
    grep -qE "^kernel: $2" "$WORK/inspect" || fail "inspect: no kernel: $2"
    grep -qE "^root: $3\$" "$WORK/inspect" || fail "inspect: no root: $3"
    grep -q '^virtio drivers: there$' "$WORK/inspect" || fail "inspect: no drivers"
}

# boots NAME DISK SYSTEM: to what distros-init.sh says.
boots() {
    vm 150 "$1" --disk "$2"
    expect_console "^distro: $3[^,]*, mounted: yes"
    expect_console '^distro: arguments: .*root=[^ ]* ro( rootflags=subvol=@rootfs)? quiet'
    expect_end 'powered off'
}

inspect /dev/lab/bullseye '/boot/vmlinuz-5\.10\.[^ ]*-cloud-amd64 on vda1, .* 64-bit Linux 5\.10\.' vda1
boots bullseye /dev/lab/bullseye,overlay=temp 'Debian GNU/Linux 11 \(bullseye\), x86_64, Linux 5\.10\.'

inspect /dev/lab/trixie '/vmlinuz-6\.12\.[^ ]*-cloud-amd64 on vda2, .* 64-bit Linux 6\.12\.' 'trixie-vg/root'
boots trixie /dev/lab/trixie,overlay=temp 'Debian GNU/Linux 13 \(trixie\), x86_64, Linux 6\.12\.'

inspect /dev/lab/btrfs '/@rootfs/boot/vmlinuz-6\.1\.[^ ]*-cloud-amd64 on vda1, .* 64-bit Linux 6\.1\.' vda1
boots btrfs /dev/lab/btrfs,overlay=temp 'Debian GNU/Linux 12 \(bookworm\), x86_64, Linux 6\.1\.'

inspect /dev/lab/systemd-boot '/[0-9a-f]{32}/6\.12\.[^ ]*/linux on vda1, .* 64-bit Linux 6\.12\.' vda2
boots systemd-boot /dev/lab/systemd-boot,overlay=temp 'Debian GNU/Linux 13 \(trixie\), x86_64, Linux 6\.12\.'

inspect /dev/lab/extlinux '/vmlinuz-6\.1\.[^ ]*-cloud-amd64 on vda1, .* 64-bit Linux 6\.1\.' vda2
boots extlinux /dev/lab/extlinux,overlay=temp 'Debian GNU/Linux 12 \(bookworm\), x86_64, Linux 6\.1\.'

# Not on nested paging: QEMU's emulated CPU sets the accessed bit in the page-directory-pointer entries of a guest with 32-bit
# PAE paging, where a CPU leaves it alone, and KVM, to which that bit is reserved, then refuses the guest its CR4.
trap 'modprobe -r kvm-amd && modprobe kvm-amd' EXIT
modprobe -r kvm-amd
modprobe kvm-amd npt=0
fresh_disk "$CASE" "$(blockdev --getsize64 /dev/lab/i386)b"
dd if=/dev/lab/i386 of="/dev/mote/$CASE" bs=1M iflag=direct oflag=direct conv=sparse status=none
inspect "/dev/mote/$CASE" '/boot/vmlinuz-6\.1\.[^ ]*-686-pae on vda, .* 32-bit Linux 6\.1\.' vda
boots i386 "/dev/mote/$CASE" 'Debian GNU/Linux 12 \(bookworm\), i686, Linux 6\.1\.'
check_filesystem "$CASE"
