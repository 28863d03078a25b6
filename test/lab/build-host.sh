#!/bin/bash
# build-host.sh HOST_ROOT KERNEL OUT - the lab host from its root tar and its kernel:
#   OUT/root.img    ext4, only ever opened read-only
#   OUT/vmlinuz
#   OUT/tools.img  what guests use of it (build-tools.sh)
#   OUT/initrd.gz   reaches the root through virtio and lays a writable tmpfs over it
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
host_root=$1 kernel=$2 out=$3
release=$(cat "$kernel/release")
tree=$out/tree

echo "  unpacking the lab host's root"
mkdir "$tree"
tar -C "$tree" -xf "$host_root/root.tar" --exclude='./dev/*'
echo "  adding all modules of $release"
mkdir "$out/kernel"
dpkg -x "$kernel/image.deb" "$out/kernel"
cp -a "$out/kernel/lib/modules" "$tree/usr/lib/"
rm -rf "$out/kernel"
depmod -b "$tree" "$release"

# There is no udevd in the lab host: LVM makes its own /dev nodes, and needs no daemons.
sed -i -E -e 's/^(\s*)#? ?(udev_sync|udev_rules|obtain_device_list_from_udev) ?=.*/\1\2 = 0/' \
    -e 's/^(\s*)#? ?(use_lvmpolld|use_devicesfile|monitoring) ?=.*/\1\2 = 0/' "$tree/etc/lvm/lvm.conf"
echo lab >"$tree/etc/hostname"
echo '127.0.0.1 localhost lab' >"$tree/etc/hosts"
mkdir -p "$tree/lab"

echo "  making the root image"
size_mib=$(( $(du -sm --apparent-size "$tree" | cut -f1) * 13 / 10 + 64 ))
truncate -s "${size_mib}M" "$out/root.img"
mke2fs -q -t ext4 -O ^has_journal -m 0 -L labroot -d "$tree" "$out/root.img"

echo "  making the guests' tools"
"$here/build-tools.sh" "$tree" "$out/tools.img"

echo "  making the initrd"
ird=$out/initrd
mkdir -p "$ird"/{bin,modules,dev,proc,sys,lower,over,new}
cp "$tree/bin/busybox" "$ird/bin/"
for module in virtio_pci virtio_blk virtio_console overlay virtiofs; do
    modprobe -d "$tree" -S "$release" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | awk '!seen[$0]++' | while read -r file; do
    cp "$file" "$ird/modules/"
    basename "$file" >>"$ird/modules/order"
done
install -m 755 "$here/host-initrd-init.sh" "$ird/init"
install -m 755 "$here/host-init.sh" "$ird/host-init"
install -m 755 "$here/host-pulse.py" "$ird/host-pulse"
(cd "$ird" && find . | cpio -o -H newc --quiet | gzip -9) >"$out/initrd.gz"
cp "$kernel/vmlinuz" "$out/vmlinuz"
rm -rf "$tree" "$ird"
