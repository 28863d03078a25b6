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

# No password, no network, and little to start: nested in an emulator, each process of a boot costs a
# tenth of a second. An empty machine ID would make every boot a first boot, which presets all units.
echo guest >"$tree/etc/hostname"
echo '127.0.0.1 localhost guest' >"$tree/etc/hosts"
echo '/dev/vda / ext4 defaults 0 0' >"$tree/etc/fstab"
echo 6d6f74656d6f74656d6f74656d6f7465 >"$tree/etc/machine-id"
chroot "$tree" passwd -d root >/dev/null
: >"$tree/etc/motd"
rm -f "$tree"/etc/update-motd.d/*
mask() {    # folder, names
    local name
    mkdir -p "$tree/etc/systemd/$1"
    for name in "${@:2}"; do ln -sf /dev/null "$tree/etc/systemd/$1/$name"; done
}
mask system apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer \
    systemd-tmpfiles-clean.timer e2scrub_all.timer e2scrub_reap.service \
    getty-static.service getty@tty1.service systemd-logind.service \
    systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-pstore.service \
    systemd-journal-flush.service systemd-random-seed.service systemd-sysusers.service \
    systemd-modules-load.service systemd-sysctl.service kmod-static-nodes.service \
    systemd-timesyncd.service systemd-networkd.service systemd-machine-id-commit.service \
    modprobe@configfs.service modprobe@dm_mod.service modprobe@loop.service modprobe@drm.service \
    modprobe@efi_pstore.service modprobe@fuse.service dev-hugepages.mount dev-mqueue.mount \
    sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount \
    sys-kernel-tracing.mount proc-sys-fs-binfmt_misc.automount systemd-binfmt.service \
    systemd-initctl.socket systemd-fsckd.socket systemd-ask-password-console.path \
    systemd-ask-password-wall.path
mapfile -t generators < <(cd "$tree/lib/systemd/system-generators" && printf '%s\n' * | grep -vE 'fstab|^systemd-getty')
mask system-generators "${generators[@]}"
ln -sf /lib/systemd/system/multi-user.target "$tree/etc/systemd/system/default.target"
# What udev would load for the CPU's features.
printf 'install %s /bin/true\n' kvm kvm_amd kvm_intel cryptd crypto_simd aesni_intel ghash_clmulni_intel \
    crc32_pclmul crct10dif_pclmul crc32c_intel sha512_ssse3 sha256_ssse3 sha1_ssse3 evdev psmouse \
    qemu_fw_cfg >"$tree/etc/modprobe.d/test.conf"
mkdir -p "$tree/etc/systemd/journald.conf.d" "$tree/etc/systemd/system/serial-getty@.service.d"
printf '[Journal]\nStorage=volatile\n' >"$tree/etc/systemd/journald.conf.d/test.conf"
# A login on the console, unless a test has the console to itself.
# shellcheck disable=SC2016 # agetty's own variable
printf '[Unit]\nConditionKernelCommandLine=!mote.test\n[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root --keep-baud 115200 %%I $TERM\n' \
    >"$tree/etc/systemd/system/serial-getty@.service.d/autologin.conf"
mkdir -p "$tree/usr/lib/mote-test"
install -m 755 "$here"/guest/system/* "$tree/usr/lib/mote-test/"
install -m 644 "$here/guest/mote-test.service" "$tree/etc/systemd/system/"
mkdir -p "$tree/etc/systemd/system/multi-user.target.wants"
ln -s ../mote-test.service "$tree/etc/systemd/system/multi-user.target.wants/"

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
