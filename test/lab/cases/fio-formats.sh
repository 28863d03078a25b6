# fio --verify: qcow2 images and overlays, over files and a logical volume; the next VM reads the same, and the bases are as they were
fresh_disk "$CASE.base" 64M
dd if=/dev/urandom of="/dev/mote/$CASE.base" bs=1M count=4 status=none
cp --sparse=always "/dev/mote/$CASE.base" "$FILES/base"
before=$(sha256sum <"/dev/mote/$CASE.base")
cd "$FILES" || exit
qemu-img create -q -f qcow2 plain.qcow2 64M
qemu-img create -q -f qcow2 -b base -F raw backed.qcow2
qemu-img convert -c -f raw -O qcow2 base compressed.qcow2
disks=(plain.qcow2,serial=plain backed.qcow2,serial=backed,cache=direct compressed.qcow2,serial=compressed,engine=thread
       "/dev/mote/$CASE.base,serial=over-lv,overlay=over-lv" compressed.qcow2,serial=over-qcow2,overlay=over-qcow2)
small_guest 180 first fio-verify "${disks[@]:0:4}"
expect_fact 'fio jobs=12$'
want=$(console | grep '^fact sum')
for image in plain backed compressed; do qemu-img check -q "$image.qcow2" || fail "qemu-img check $image.qcow2"; done
small_guest 60 second sums "${disks[@]:0:4}"
[ "$(console | grep '^fact sum')" = "$want" ] || fail 'the next VM reads something else'
compressed=$(sha256sum <compressed.qcow2)
small_guest 120 third fio-verify "${disks[4]}" "/dev/mote/$CASE.base,serial=temporary,overlay=temp"
expect_fact 'fio jobs=6$'
[ "$(sha256sum <compressed.qcow2)" = "$compressed" ] || fail 'the base of the overlay, a qcow2, has changed'
[ "$(sha256sum <"/dev/mote/$CASE.base")" = "$before" ] || fail 'the base of the overlays, a volume, has changed'
[ "$(sha256sum <base)" = "$before" ] || fail 'the backing file has changed'
