# What cannot work is refused in one line with exit status 125, and nothing on the disk changes
if [ "$STAND_IN" = 1 ]; then skip 'it is about mote alone'; fi
fresh_disk "$CASE.data" 64M
sum=$(sha256sum <"/dev/mote/$CASE.data")
refused() {
    local name=$1
    shift
    vm 20 "$name" "$@"
    expect_status 125
    [ "$(grep -c '^mote: ' "$WORK/$name.err")" -ge 1 ] || fail "$name: mote says nothing"
    [ "$(wc -l <"$WORK/$name.err")" -le 4 ] || fail "$name: $(wc -l <"$WORK/$name.err") lines of messages"
    step "$(tail -n 1 "$WORK/$name.err")"
}
with=(--append quiet --disk "/dev/mote/$CASE.data")
: >"$WORK/empty"
head -c 20000 "$BOOT/vmlinuz-6.1-cloud" >"$WORK/truncated"
cp "$BOOT/vmlinuz-6.1-cloud" "$WORK/corrupt"
dd if=/dev/urandom of="$WORK/corrupt" bs=1M seek=5 count=1 conv=notrunc status=none
truncate -s 100M "$WORK/huge-initrd"
head -c 1000 /dev/zero >"$WORK/odd"
chmod 0 "$WORK/odd"
refused missing-kernel --kernel "$WORK/none" "${with[@]}"
refused empty-kernel --kernel "$WORK/empty" "${with[@]}"
refused truncated-kernel --kernel "$WORK/truncated" "${with[@]}"
refused not-a-kernel --kernel /bin/true "${with[@]}"
refused corrupt-payload --kernel "$WORK/corrupt" "${with[@]}"
refused missing-initrd --kernel "$BOOT/vmlinuz-6.1-cloud" --initrd "$WORK/none" "${with[@]}"
refused huge-initrd --kernel "$BOOT/vmlinuz-6.1-cloud" --initrd "$WORK/huge-initrd" --memory 128M "${with[@]}"
refused long-command-line "${CLOUD[@]}" --append "$(head -c 5000 /dev/zero | tr '\0' x)"
refused missing-disk "${CLOUD[@]}" --disk "$WORK/none"
refused folder-as-disk "${CLOUD[@]}" --disk "$WORK"
refused odd-disk "${CLOUD[@]}" --disk "$WORK/odd"
refused no-memory "${CLOUD[@]}" --memory 1M "${with[@]}"
refused too-many-cpus "${CLOUD[@]}" --cpus 5000 "${with[@]}"
[ "$(sha256sum <"/dev/mote/$CASE.data")" = "$sum" ] || fail 'the disk has changed'
