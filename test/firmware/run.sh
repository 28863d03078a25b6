#!/bin/bash
# run.sh [CASE...]: the boot loader against images that their own tools made, and against the same images damaged: what it
# reads of volumes and file systems, and what it would start of whole systems.
#
# CASE is a name or a pattern such as 'ext4*' or 'boot*'; without one, all run. --list lists them. FWLS names the program
# that reads, and fwboot, which boots, lies beside it; without it the newest build under build/ is taken (one with
# sanitizers finds more). ROUNDS: how often each image is damaged (5). SEED: of the damage; by default another each time.
# Without root, what only the kernel or LVM makes is skipped.
set -u
if [[ $(id -u) == 0 && -z ${MOTE_OWN_MOUNTS-} ]]; then
	MOTE_OWN_MOUNTS=1 exec unshare -m "$0" "$@"
fi
cd "$(dirname "$0")/../.." || exit 1
here=$PWD/test/firmware

# shellcheck source=test/cases.sh
. test/cases.sh
fwls=${FWLS:-$(newest build/*/test/firmware/fwls)}
rounds=${ROUNDS:-5}

# shellcheck source=test/firmware/lib.sh
. "$here/lib.sh"
# shellcheck source=test/firmware/cases.sh
. "$here/cases.sh"
# shellcheck source=test/firmware/cases_volume.sh
. "$here/cases_volume.sh"
# shellcheck source=test/firmware/boot_disks.sh
. "$here/boot_disks.sh"
# shellcheck source=test/firmware/boot_configs.sh
. "$here/boot_configs.sh"
# shellcheck source=test/firmware/boot_grub.sh
. "$here/boot_grub.sh"
# shellcheck source=test/firmware/cases_boot.sh
. "$here/cases_boot.sh"
# shellcheck source=test/firmware/cases_boot_grub.sh
. "$here/cases_boot_grub.sh"
# shellcheck source=test/firmware/cases_boot_config.sh
. "$here/cases_boot_config.sh"
# shellcheck source=test/firmware/cases_boot_amiss.sh
. "$here/cases_boot_amiss.sh"
choose_cases "$@"
fwboot=${fwls%/*}/fwboot
if [[ ! -x $fwls || ! -x $fwboot ]]; then
	echo "run.sh: no program: build fwls and fwboot first, or set FWLS (found '$fwls')" >&2
	exit 1
fi
fwls=$(realpath "$fwls")
fwboot=$(realpath "$fwboot")
export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d "${TMPDIR:-/var/tmp}/mote-firmware-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
shared=$work/shared
make_tree "$shared/tree"
make_fat_tree "$shared/fat"
cp -a "$shared/tree" "$shared/xfs"
rm "$shared/xfs/link-400" "$shared/xfs/link-1000" # mkfs.xfs 6.1 writes long ones without their header
mkdir "$shared/small"
cp -a "$shared/tree/boot" "$shared/tree/vmlinuz" "$shared/tree/size-4097" "$shared/small"
(cd "$work" && make_ext "$shared/small.ext4" 32M "$shared/small" -t ext4) >/dev/null

run_cases "$work"
