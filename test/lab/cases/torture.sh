# File systems under load on a volume, a qcow2 image and an overlay: sound afterwards, and every file what it was
fresh_disk "$CASE.lv" 64M
fresh_disk "$CASE.base" 64M
cd "$FILES" || exit
qemu-img create -q -f qcow2 image.qcow2 64M
disks=("/dev/mote/$CASE.lv,serial=lv" image.qcow2,serial=qcow2 "/dev/mote/$CASE.base,serial=overlay,overlay=over")
small_guest 180 first torture "${disks[@]}"
qemu-img check -q image.qcow2 || fail 'qemu-img check'
small_guest 90 second torture-check "${disks[@]}"
for name in lv qcow2 overlay; do expect_fact "files $name 10[0-9]"; done
e2fsck -fn "/dev/mote/$CASE.lv" >"$WORK/fsck" 2>&1 || fail "e2fsck: $(cat "$WORK/fsck")"
mkdir "$WORK/mnt"
mount -o ro "/dev/mote/$CASE.lv" "$WORK/mnt"
(cd "$WORK/mnt" && md5sum --quiet -c manifest) || fail 'the host finds other files than the guest left'
umount "$WORK/mnt"
