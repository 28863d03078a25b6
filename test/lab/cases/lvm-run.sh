# A guest writes to lvm:VG/LV: to that volume, without a snapshot, and nothing stays behind
if [ "$STAND_IN" = 1 ]; then skip 'it is about mote alone'; fi
fresh_disk "$CASE.da-ta" 64M
sum=$(sha256sum <"/dev/mote/$CASE.da-ta")
vm 60 writes "${CLOUD[@]}" --append 'quiet mote.init=disk-io' --disk "lvm:mote/$CASE.da-ta"
expect_passed disk-io
expect_end 'powered off'
[ "$(sha256sum <"/dev/mote/$CASE.da-ta")" != "$sum" ] || fail 'the volume has not changed'
if lvs --noheadings -o lv_name --select "origin=\"$CASE.da-ta\"" mote | grep .; then fail 'a snapshot was made'; fi

# Without root LVM is not asked, and the device of an active volume need not be: only opened.
chmod 666 "/dev/mote/$CASE.da-ta" /dev/kvm
user=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME="$WORK")
status=0
"${user[@]}" "$MOTE" run "${CLOUD[@]}" --append 'quiet mote.init=disk-io' --disk "lvm:mote/$CASE.da-ta" \
    </dev/null >"$WORK/user.out" 2>"$WORK/user.err" || status=$?
vm=user
expect_passed disk-io
expect_status 0
for disk in "lvm:mote/nothing" "lvm:mote/$CASE.da-ta,snapshot"; do
    status=0
    "${user[@]}" "$MOTE" run "${CLOUD[@]}" --disk "$disk" </dev/null >"$WORK/user.out" 2>"$WORK/user.err" || status=$?
    expect_status 125
    expect_message 'LVM answers to root only'
done
