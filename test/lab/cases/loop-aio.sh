# Debian on a loop device over a file, where the kernel refuses io_uring: libaio takes over by itself
if [ "$STAND_IN" = 1 ]; then skip 'the stand-in does not fall back'; fi
dd if=/dev/mote/origin of="$FILES/image" bs=1M iflag=direct conv=sparse status=none
loop=$(losetup --find --show "$FILES/image")
trap 'losetup -d "$loop"' EXIT
mote=$MOTE
MOTE=$WORK/refused
printf '#!/bin/sh\nexec %q %q "$@"\n' "$TOOLS/without-io-uring.py" "$mote" >"$MOTE"
chmod +x "$MOTE"
vm 150 vm "${CLOUD[@]}" --append "$ROOT rw mote.test=write-file" --disk "$loop"
expect_multi_user
expect_passed write-file
expect_message 'vda.*(aio|libaio)'
expect_end 'powered off'
e2fsck -fp "$loop" >/dev/null || fail 'the file system on the loop device is damaged'
