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

# unpack DEVICE TYPE [BOOT_DEVICE]: mounts the system's file systems, fills them, and writes its fstab.
unpack() {
    mount -t "$2" "$1" "$root"
    echo "UUID=$(uuid "$1") / $2 defaults 0 0" >"$here/fstab"
    if [ $# = 3 ]; then
        mkdir "$root/boot"
        mount "$3" "$root/boot"
        echo "UUID=$(uuid "$3") /boot ext4 defaults 0 0" >>"$here/fstab"
    fi
    tar -C "$root" -xf "$here/$name.tar" --exclude='./dev/*'
    mv "$here/fstab" "$root/etc/fstab"
    install -m 755 "$here/distros-init.sh" "$root/sbin/init"
}

# grub: the configuration, with GRUB's stock settings, by the target's own programs on the real devices.
grub() {
    local device
    cp "$root/usr/share/grub/default/grub" "$root/etc/default/grub"
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    mount -t sysfs sys "$root/sys"
    mount -t tmpfs tmpfs "$root/run"
    # What udevd would have made; there is none, and LVM in the target must not wait for it.
    mkdir -p /dev/disk/by-uuid
    for device in "$@"; do ln -sf "$device" "/dev/disk/by-uuid/$(uuid "$device")"; done
    cp -r /etc/lvm "$root/run/lvm-settings"
    mkdir -p "$root/boot/grub"
    LVM_SYSTEM_DIR=/run/lvm-settings chroot "$root" update-grub
    umount -R "$root"
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
    unpack "${1}1" ext4
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
    unpack /dev/mapper/trixie--vg-root xfs "${1}2"
    grub /dev/mapper/trixie--vg-root "${1}2"
    vgchange -qq -an trixie-vg
}

# No partitions: what a logical volume of the host's holds.
make_i386() {
    own mkfs.ext4 -q "$1"
    unpack "$1" ext4
    grub "$1"
}

mkdir "$root"
name=$1
start=$SECONDS
tools
"make_$name" "$(readlink -f /dev/lab/disk0)"
echo "  $((SECONDS - start)) s"
