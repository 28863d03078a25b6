#!/bin/sh
# PID 1 of the lab host: mounts, KVM, disks by serial, the share; then runs /lab/command, reports its
# exit status through a virtio port, and powers off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root TERM=dumb LANG=C.UTF-8
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
for dir in /dev/shm /run /tmp; do mount -t tmpfs tmpfs $dir; done
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null
mkdir -p /run/lock /run/lvm
hostname lab
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr
ip link set lo up

# port NAME: the character device of that virtio port.
port() {
    for p in /sys/class/virtio-ports/*; do
        read -r name <"$p/name" || continue
        [ "$name" = "$1" ] && { echo "/dev/${p##*/}"; return; }
    done
}
# /dev/lab/SERIAL for each disk that has a serial number (below /dev, where LVM looks).
mkdir -p /dev/lab
for d in /sys/block/vd*; do
    read -r serial <"$d/serial" || [ -n "$serial" ] && ln -s "/dev/${d##*/}" "/dev/lab/$serial"
done
out=$(port lab.out)
status=$(port lab.status)
/lab/host-pulse "$(port lab.pulse)" 2>/dev/null &
modprobe kvm-amd
modprobe loop
if grep -qw lab.share /proc/cmdline; then mkdir -p /lab/share; mount -t virtiofs share /lab/share; fi
if [ -b /dev/lab/boot ]; then mkdir -p /lab/boot; mount -t ext4 -o ro /dev/lab/boot /lab/boot; fi
# shellcheck disable=SC1091 # made by lab.sh
. /lab/environment
cd /lab/share 2>/dev/null || cd /root || exit
setsid /bin/bash /lab/command >"$out" 2>&1 </dev/null
echo $? >"$status"
cd /
sync
umount /lab/share 2>/dev/null
busybox poweroff -f
