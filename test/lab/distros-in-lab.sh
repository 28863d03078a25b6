#!/bin/bash
# distros-in-lab.sh NAME - inside a lab host: puts the system in NAME.tar on /dev/lab/disk0. There is a function for each, which
# says how its disk is laid out. Partitions, file systems and configuration are made by the system's own programs, so each
# has what was the default in its days.
set -euo pipefail
here=$PWD
root=/run/target own=/run/own
export LVM_SUPPRESS_FD_WARNINGS=1

uuid() { blkid -o value -s UUID "$1"; }

# tools: what the system makes its disk with, in a root of its own.
tools() {
    mkdir -p "$own"/{dev,proc,sys}
    tar -C "$own" -xf "$here/$name.tar" --wildcards --exclude='*/modules/*' --exclude='*/gconv/*' --exclude='*/perl*' \
        './bin*' './sbin*' './lib*' './usr/bin/*' './usr/sbin/*' './usr/lib*.so*' './etc/mke2fs.conf'
    mount --bind /dev "$own/dev"
    mount -t proc proc "$own/proc"
    mount -t sysfs sys "$own/sys"
}
own() { chroot "$own" "$@"; }

# place DEVICE TYPE DIRECTORY [OPTIONS]: mounts one of the system's file systems, whose fstab gets a line for it.
place() {
    mkdir -p "$root$3"
    mount -t "$2" -o "${4:-defaults}" "$1" "$root$3"
    echo "UUID=$(uuid "$1") $3 $2 ${4:-defaults} 0 0" >>"$here/fstab"
}

# unpack: fills them.
unpack() {
    tar -C "$root" -xf "$here/$name.tar" --exclude='./dev/*'
    mv "$here/fstab" "$root/etc/fstab"
    install -m 755 "$here/distros-init.sh" "$root/sbin/init"
}

# enter: what the system's own programs need to see of the real devices; leave: lets go of all of it.
enter() {
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    mount -t sysfs sys "$root/sys"
    mount -t tmpfs tmpfs "$root/run"
}
leave() { umount -R "$root"; }

# grub DEVICE...: the configuration, with GRUB's stock settings, by the target's own programs.
grub() {
    local device
    cp "$root/usr/share/grub/default/grub" "$root/etc/default/grub"
    enter
    # What udevd would have made; there is none, and LVM in the target must not wait for it.
    mkdir -p /dev/disk/by-uuid
    for device in "$@"; do ln -sf "$device" "/dev/disk/by-uuid/$(uuid "$device")"; done
    cp -r /etc/lvm "$root/run/lvm-settings"
    mkdir -p "$root/boot/grub"
    LVM_SYSTEM_DIR=/run/lvm-settings chroot "$root" update-grub
    leave
}

# systemd_boot DEVICE: installs it, and the kernel beside it, as the kernel package's script does. There is no firmware to
# be told of it, and no udevd to say that this is an EFI system partition.
systemd_boot() {
    local version
    version=$(ls "$root/usr/lib/modules")
    export SYSTEMD_RELAX_ESP_CHECKS=1
    enter
    echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
    mkdir -p "$root/etc/kernel"
    echo "root=UUID=$(uuid "$1") ro quiet" >"$root/etc/kernel/cmdline"
    chroot "$root" bootctl --esp-path=/boot/efi --no-variables install
    chroot "$root" kernel-install add "$version" "/boot/vmlinuz-$version"
    leave
}

# One primary partition, and swap in an extended one.
make_bullseye() {
    own sfdisk -q "$1" <<'END'
label: dos
,900M,L,*
,,E
,,S
END
    own mkfs.ext4 -q "${1}1"
    own mkswap "${1}5" >/dev/null
    place "${1}1" ext4 /
    unpack
    grub "${1}1"
}

# GPT for a machine with a BIOS, /boot beside a volume group, in which XFS is the root.
make_trixie() {
    own sfdisk -q "$1" <<'END'
label: gpt
,1M,21686148-6449-6E6F-744E-656564454649
,160M,L
,,E6D6D379-F507-44C2-A23C-238F2A3DF928
END
    own mkfs.ext4 -q "${1}2"
    pvcreate -qq "${1}3"
    vgcreate -qq trixie-vg "${1}3"
    lvcreate -qq -y -l 80%FREE -n root trixie-vg
    own mkfs.xfs -q /dev/trixie-vg/root
    place /dev/mapper/trixie--vg-root xfs /
    place "${1}2" ext4 /boot
    unpack
    grub /dev/mapper/trixie--vg-root "${1}2"
    vgchange -qq -an trixie-vg
}

# No partitions: what a logical volume of the host's holds.
make_i386() {
    own mkfs.ext4 -q "$1"
    place "$1" ext4 /
    unpack
    grub "$1"
}

# A compressed btrfs, whose root is the subvolume that Debian's installer makes.
make_btrfs() {
    own sfdisk -q "$1" <<'END'
label: dos
,,L,*
END
    own mkfs.btrfs -q "${1}1"
    mkdir "$own/mnt"
    mount "${1}1" "$own/mnt"
    own btrfs subvolume create /mnt/@rootfs
    umount "$own/mnt"
    place "${1}1" btrfs / subvol=@rootfs,compress=zstd
    unpack
    grub "${1}1"
}

# No GRUB: kernels lie on the EFI system partition, with an entry of the Boot Loader Specification for each.
make_systemd-boot() {
    own sfdisk -q "$1" <<'END'
label: gpt
,200M,U
,,4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709
END
    own mkfs.vfat -F 32 "${1}1" >/dev/null
    own mkfs.ext4 -q "${1}2"
    place "${1}2" ext4 /
    place "${1}1" vfat /boot/efi umask=0077
    unpack
    systemd_boot "${1}2"
}

# /boot on a file system of its own, with extlinux.conf.
make_extlinux() {
    own sfdisk -q "$1" <<'END'
label: dos
,160M,L,*
,,L
END
    own mkfs.ext2 -q "${1}1"
    own mkfs.ext4 -q "${1}2"
    place "${1}2" ext4 /
    place "${1}1" ext2 /boot
    unpack
    enter
    chroot "$root" u-boot-update
    leave
}

mkdir "$root"
name=$1
start=$SECONDS
tools
"make_$name" "$(readlink -f /dev/lab/disk0)"
echo "  $((SECONDS - start)) s"
