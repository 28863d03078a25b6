#!/bin/bash
# build-guest.sh GUEST_ROOT KERNEL_NAME=KERNEL_DIR... OUT - what the tests boot:
#   OUT/root.img    the guest's root, a bare ext4 as a logical volume holds it
#   OUT/boot.img    a read-only ext4 with, for each kernel, vmlinuz-NAME, vmlinux-NAME, initrd-NAME
#                   (small: busybox and virtio) and initrd-debian (initramfs-tools' own, 6.1-cloud)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
guest_root=$1
shift
out=${!#}
kernels=("${@:1:$#-1}")
tree=$out/tree boot=$out/boot

echo "  unpacking the guest's root"
mkdir "$tree" "$boot"
tar -C "$tree" -xf "$guest_root/root.tar" --exclude='./dev/*'

# As anybody would set it up: a name, no password, no network; and what the tests run.
echo guest >"$tree/etc/hostname"
echo '127.0.0.1 localhost guest' >"$tree/etc/hosts"
echo '/dev/vda / ext4 defaults 0 0' >"$tree/etc/fstab"
echo 6d6f74656d6f74656d6f74656d6f7465 >"$tree/etc/machine-id"
chroot "$tree" passwd -d root >/dev/null
: >"$tree/etc/motd"
ln -sf ../run/systemd/resolve/stub-resolv.conf "$tree/etc/resolv.conf"
rm -f "$tree"/etc/update-motd.d/*
# A login on the console, unless a test has the console to itself.
mkdir -p "$tree/etc/systemd/system/serial-getty@.service.d"
# shellcheck disable=SC2016 # agetty's own variable
printf '[Unit]\nConditionKernelCommandLine=!mote.test\n[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root --keep-baud 115200 %%I $TERM\n' \
    >"$tree/etc/systemd/system/serial-getty@.service.d/autologin.conf"
mkdir -p "$tree/usr/lib/mote-test"
install -m 755 "$here"/guest/system/* "$here/guest/shell-loop" "$tree/usr/lib/mote-test/"
install -m 644 "$here/guest/mote-test.service" "$tree/etc/systemd/system/"
mkdir -p "$tree/etc/systemd/system/multi-user.target.wants"
ln -s ../mote-test.service "$tree/etc/systemd/system/multi-user.target.wants/"
"$here/trim-guest.sh" "$tree"

for pair in "${kernels[@]}"; do
    name=${pair%%=*} dir=${pair#*=}
    release=$(cat "$dir/release")
    echo "  kernel $name ($release)"
    cp "$dir/vmlinuz" "$boot/vmlinuz-$name"
    cp "$dir/vmlinux" "$boot/vmlinux-$name"
    "$here/guest-initrd.sh" "$dir" "$tree/bin/busybox" "$boot/initrd-$name"
    if [ -d "$tree/usr/lib/modules/$release" ]; then
        cp "$tree/boot/initrd.img-$release" "$boot/initrd-debian"
    else
        cp -a "$dir/modules/lib/modules/$release" "$tree/usr/lib/modules/"
    fi
done

echo "  making the images"
truncate -s 640M "$out/root.img"
mke2fs -q -t ext4 -m 0 -L motetest -d "$tree" "$out/root.img"
size_mib=$(( $(du -sm --apparent-size "$boot" | cut -f1) * 11 / 10 + 16 ))
truncate -s "${size_mib}M" "$out/boot.img"
mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$boot" "$out/boot.img"
rm -rf "$tree" "$boot"
