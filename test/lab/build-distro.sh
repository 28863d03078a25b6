#!/bin/bash
# build-distro.sh NAME ROOT OUT - from the root of build-distro-root.sh a disk as OUT/NAME.img, laid out as that system's installer
# or its operator would, with the configuration that its own update-grub writes. Made in a lab host, where partitions, volume
# groups and all file systems are real (distros-in-lab.sh has the layouts).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
name=$1 root=$2 out=$3
share=$out/share
mkdir "$share"
cp "$here/distros-in-lab.sh" "$here/distros-init.sh" "$share/"
cp "$root/root.tar" "$share/$name.tar"
truncate -s 1G "$out/$name.img"
echo "  laying out the disk of $name in a lab host"
"$here/lab.sh" --share "$share" --disk "$out/$name.img" --timeout $((300 * ${PATIENCE:-1})) -- "./distros-in-lab.sh $name"
rm -rf "$share"
