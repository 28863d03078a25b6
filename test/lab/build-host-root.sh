#!/bin/bash
# build-host-root.sh OUT - the lab host's Debian as OUT/root.tar: packages only, nothing of ours.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=packages.sh
. "$here/packages.sh"
out=$1
include=$(IFS=,; echo "${HOST_PACKAGES[*]}")
echo "  installing Debian with ${#HOST_PACKAGES[@]} packages for the lab host"
# Without documentation and translations: the image is copied into a cache, not lived in.
lab_apt_sources | mmdebstrap --quiet --mode=root --variant=minbase --include="$include" \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    bookworm "$out/root.tar" -
