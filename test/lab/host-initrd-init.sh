#!/bin/busybox sh
# shellcheck shell=dash
# /init of the lab host's initrd: reach the read-only root image, lay a tmpfs over it, go there.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
while read -r module; do $b insmod "/modules/$module"; done </modules/order
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 200 ]; do $b sleep 0.05; tries=$((tries + 1)); done
$b mount -t ext4 -o ro,noatime /dev/vda /lower
$b mount -t tmpfs -o size=90% over /over
$b mkdir /over/up /over/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/over/up,workdir=/over/work root /new
$b mkdir -p /new/lab
$b cp /host-init /host-pulse /command /environment /new/lab/
for fs in proc sys dev; do $b mount --move /$fs /new/$fs; done
exec $b switch_root /new /bin/sh /lab/host-init
