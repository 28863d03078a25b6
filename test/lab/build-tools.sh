#!/bin/bash
# build-tools.sh TREE OUT - programs for guests that boot only the small initrd: fio, what makes and checks file systems, iperf3
# and ethtool, with their libraries, from the Debian in TREE, as the read-only ext4 image OUT. guest/initrd/tools says how
# they are used.
set -euo pipefail
tree=$1 out=$2
PROGRAMS=(/usr/bin/fio /sbin/mke2fs /sbin/e2fsck /usr/sbin/blkdiscard /bin/dd /bin/sync
          /usr/bin/iperf3 /sbin/ethtool)
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
mkdir "$here/bin" "$here/lib"
for program in "${PROGRAMS[@]}"; do
    cp -L "$tree/$program" "$here/bin/"
    # "name => path (address)" for a library, "path (address)" for the loader.
    chroot "$tree" ldd "$program" | sed -nE 's|.* => (/[^ ]+) .*|\1|p; s|^[[:space:]]*(/[^ ]+) .*|\1|p'
done | sort -u | while read -r library; do cp -L "$tree/$library" "$here/lib/"; done
size_mib=$(($(du -sm --apparent-size "$here" | cut -f1) * 11 / 10 + 8))
truncate -s "${size_mib}M" "$out"
mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$here" "$out"
