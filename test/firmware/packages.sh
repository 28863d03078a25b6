# Debian packages whose tools make the images of test/firmware/. Sourced, never run.
# shellcheck shell=bash

FIRMWARE_NEEDS=(e2fsprogs dosfstools mtools xfsprogs btrfs-progs fdisk gdisk lvm2)
