# Debian starts from its disks alone: GRUB's configuration names kernel and initrd, beside the root or in a volume group
boot_folder() { # FOLDER UUID PREFIX: fills it as Debian does, for a file system with that UUID
    mkdir -p "$1/grub"
    cp "$BOOT/vmlinuz-6.1-cloud" "$1/vmlinuz-stock"
    cp "$BOOT/initrd-debian" "$1/initrd.img-stock"
    sed -e "s|@BOOT@|$2|g; s|@PREFIX@|$3|g; s|@ROOT@|$root|g; s|@ARGUMENTS@|ro quiet mote.test=facts|g" \
        "$TOOLS/debian-grub.cfg" >"$1/grub/grub.cfg"
}
boots() { # DISK...
    local args=() disk
    for disk in "$@"; do args+=(--disk "$disk"); done
    vm 240 "vm$#" "${args[@]}"
    expect_multi_user
    expect_passed facts
    expect_message 'vmlinuz-stock'
    expect_end 'powered off'
}

mkdir "$WORK/mnt"
fresh_root "$CASE"
root=$(blkid -o value -s UUID "/dev/mote/$CASE")
mount "/dev/mote/$CASE" "$WORK/mnt"
rm -rf "$WORK"/mnt/boot/*
boot_folder "$WORK/mnt/boot" "$root" /boot
umount "$WORK/mnt"
"$MOTE" inspect "/dev/mote/$CASE" >"$WORK/inspect" || fail "inspect: exit status $?"
sed 's/^/  | /' "$WORK/inspect"
grep -q '^kernel: /boot/vmlinuz-stock on vda, .* 64-bit Linux 6\.1\.' "$WORK/inspect" || fail "inspect: no kernel"
grep -q '^root: vda$' "$WORK/inspect" || fail "inspect: no root"
grep -q '^virtio drivers: there$' "$WORK/inspect" || fail "inspect: no drivers"
boots "/dev/mote/$CASE"
check_filesystem "$CASE"

# /boot on a logical volume that is striped over two other disks; the root has none.
loops=()
for n in 1 2; do
    fresh_disk "$CASE-$n" 64M
    loops+=("$(losetup --find --show "/dev/mote/$CASE-$n")")
done
pvcreate -qq "${loops[@]}"
vgcreate -qq "$CASE-inner" "${loops[@]}"
lvcreate -qq -y -i 2 -l 100%FREE -n boot "$CASE-inner"
mkfs.ext4 -q "/dev/$CASE-inner/boot"
mount "/dev/mote/$CASE" "$WORK/mnt"
rm -rf "$WORK"/mnt/boot/* "$WORK"/mnt/{vmlinuz,initrd.img}*
umount "$WORK/mnt"
mount "/dev/$CASE-inner/boot" "$WORK/mnt"
boot_folder "$WORK/mnt" "$(blkid -o value -s UUID "/dev/$CASE-inner/boot")" ''
umount "$WORK/mnt"
vgchange -qq -an "$CASE-inner"
losetup -d "${loops[@]}"
boots "/dev/mote/$CASE" "/dev/mote/$CASE-1" "/dev/mote/$CASE-2"
expect_message 'grub.cfg on firmware-debian-inner/boot'
check_filesystem "$CASE"
