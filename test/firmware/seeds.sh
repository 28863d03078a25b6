#!/bin/bash
# seeds.sh DIR: seeds for fuzz-fw_fs and fuzz-fw_volume, in DIR/fs and DIR/volume, from small images of each kind. FWLS names
# the program as for run.sh.
set -eu
dir=$(mkdir -p "$1"/fs "$1"/volume && realpath "$1")
cd "$(dirname "$0")/../.."
here=$PWD/test/firmware
# shellcheck disable=SC2012 # the newest
fwls=$(realpath "${FWLS:-$(ls -t build/*/test/firmware/fwls | head -n 1)}")
# shellcheck source=test/firmware/lib.sh
. "$here/lib.sh"
export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d "${TMPDIR:-/var/tmp}/mote-seeds-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

mkdir -p tree/boot/grub tree/d fat
head -c 5000 /dev/urandom >tree/boot/vmlinuz
cp tree/boot/vmlinuz "fat/A long name.efi"
ln -s boot/vmlinuz tree/vmlinuz
echo small >tree/d/small
for i in $(seq 40); do : >"tree/d/file-$i"; done

seed() { # seed KIND NAME IMAGE...
	"$fwls" pack "${@:3}" >"$dir/$1/$2"
	rm -f "${@:3}"
}
make_ext disk 1M tree -t ext2 -b 1024
seed fs ext2 disk
make_ext disk 1M tree -t ext4 -b 1024 -O inline_data,^has_journal
seed fs ext4-inline disk
make_ext disk 8M tree -t ext4 -b 1024 -J size=1
head -c 1024 tree/boot/vmlinuz >block
printf 'jo\njw -b 300 block\njw -r 300\njw -b 301 block\njc\n' | debugfs -w disk >/dev/null 2>&1
seed fs ext4-journal disk
make_fat disk 256K fat -F 12
seed fs fat12 disk
make_fat disk 8M fat -F 16 -s 1
seed fs fat16 disk
make_fat disk 34M fat -F 32 -s 1
seed fs fat32 disk
make_xfs disk 300M tree -b size=1024
seed fs xfs disk
make_xfs disk 300M tree -m crc=0 2>/dev/null
seed fs xfs-4 disk
make_btrfs disk 110M tree
seed fs btrfs disk
seq 3000 >tree/d/numbers # that can be compressed
make_erofs disk tree
seed fs erofs disk
make_erofs disk tree -z lz4
seed fs erofs-lz4 disk
make_erofs disk tree -z lz4 -C 16384 -E ztailpacking,legacy-compress
seed fs erofs-lz4-tails disk
make_erofs disk tree --chunksize=4096 -E force-chunk-indexes
seed fs erofs-chunks disk
make_squashfs disk tree
seed fs squashfs disk
make_squashfs disk tree -comp lz4 -b 4K
seed fs squashfs-lz4 disk
make_squashfs disk tree -noI -noD -noF -always-use-fragments
seed fs squashfs-not-compressed disk
truncate -s 4M disk
printf 'label: gpt\nstart=64,size=100,type=U\nstart=200,size=1000,type=L\n' | sfdisk -q disk
seed volume gpt disk
truncate -s 4M disk
printf 'label: dos\nstart=64,size=64,type=83\nstart=128,type=5\nstart=200,size=64,type=83\nstart=300,size=64,type=83\n' |
	sfdisk -q disk
seed volume mbr disk
