#!/bin/bash
# guest-initrd.sh KERNEL_DIR BUSYBOX OUT - a small initrd for a guest: static busybox, the modules of
# KERNEL_DIR/load-order, and guest/initrd-init.sh as /init with its scripts.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kernel=$1 busybox=$2 out=$3
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{bin,modules,test,dev,proc,sys,tmp,mnt,new}
cp "$busybox" "$tree/bin/busybox"
while read -r file; do
    cp "$kernel/modules/$file" "$tree/modules/"
    basename "$file" >>"$tree/modules/order"
done <"$kernel/load-order"
install -m 755 "$here/guest/initrd-init.sh" "$tree/init"
install -m 755 "$here"/guest/initrd/* "$here/guest/shell-loop" "$tree/test/"
(cd "$tree" && find . | sort | cpio -o -H newc --quiet --reproducible | gzip -9n) >"$out"
