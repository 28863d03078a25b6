#!/bin/bash
# build-distro-root.sh SUITE ARCHITECTURE PACKAGE... OUT - another Debian as OUT/root.tar: a minimal system, with the kernel, the
# initrd and the GRUB of its own release, each installed the way a user would.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=packages.sh
. "$here/packages.sh"
suite=$1 architecture=$2 out=${!#}
packages=("${@:3:$#-3}")
include=$(IFS=,; echo "${DISTRO_PACKAGES[*]},${packages[*]}")
echo "  installing Debian $suite ($architecture) with ${packages[*]}"
# From where this machine's own Debian comes. x86-64 runs i386 without an emulator.
lab_apt_sources | sed -n "s/ bookworm / $suite /p" | mmdebstrap --quiet --mode=root --variant=minbase --include="$include" \
    --architectures="$architecture" --skip=check/qemu \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/i18n/*' \
    "$suite" "$out/root.tar" -
