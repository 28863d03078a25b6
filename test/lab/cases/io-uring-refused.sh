# Where the kernel refuses io_uring, libaio takes over by itself, and the system boots on it
fresh_root root
if [ "$STAND_IN" = 1 ]; then skip 'the stand-in does not fall back'; fi
without_io_uring=$(dirname "$MOTE")/without-io-uring.py
mote=$MOTE
MOTE=$WORK/refused
printf '#!/bin/sh\nexec %q %q "$@"\n' "$without_io_uring" "$mote" >"$MOTE"
chmod +x "$MOTE"
vm 150 vm "${CLOUD[@]}" --append "$ROOT rw mote.test=write-file" --disk /dev/mote/root
expect_multi_user
expect_passed write-file
expect_message 'vda.*(aio|libaio)'
expect_end 'powered off'
check_filesystem root
