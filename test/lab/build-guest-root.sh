#!/bin/bash
# build-guest-root.sh KERNEL_PACKAGE VERSION OUT - the guest's Debian as OUT/root.tar: systemd, udev and
# one kernel, installed the way a user would, with the initrd that Debian's own initramfs-tools makes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=packages.sh
. "$here/packages.sh"
package=$1 version=$2 out=$3
include=$(IFS=,; echo "${GUEST_PACKAGES[*]}"),$package=$version
echo "  installing Debian with $package for the guest"
lab_apt_sources | mmdebstrap --quiet --mode=root --variant=minbase --include="$include" \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    bookworm "$out/root.tar" -
