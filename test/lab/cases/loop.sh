# Debian on a loop device over a file
mkfs.ext4 -q -F /dev/lab/disk1
mkdir -p "$WORK/fs"
mount /dev/lab/disk1 "$WORK/fs"
dd if=/dev/mote/origin of="$WORK/fs/image" bs=1M iflag=direct conv=sparse status=none
loop=$(losetup --find --show "$WORK/fs/image")
trap 'losetup -d "$loop"; umount "$WORK/fs"' EXIT
vm 150 vm "${CLOUD[@]}" --append "$ROOT rw mote.test=write-file" --disk "$loop"
expect_multi_user
expect_passed write-file
expect_end 'powered off'
e2fsck -fp "$loop" >/dev/null || fail 'the file system on the loop device is damaged'
