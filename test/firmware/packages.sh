# Debian packages whose tools make the images of test/firmware/. Sourced, never run.
# shellcheck shell=bash

FIRMWARE_NEEDS=(e2fsprogs dosfstools mtools xfsprogs btrfs-progs erofs-utils squashfs-tools fdisk gdisk parted lvm2)
