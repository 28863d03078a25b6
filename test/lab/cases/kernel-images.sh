# bzImage and ELF of each kernel boot; the kernel's address is random unless --no-kaslr
text() { console | sed -n 's/^fact text \([0-9a-f]*\).*/\1/p'; }
touch "$WORK/not-random"
for name in 6.1-cloud 6.1-generic 6.12-cloud; do
    for image in vmlinuz vmlinux; do
        vm 60 "$image-$name" --kernel "$BOOT/$image-$name" --initrd "$BOOT/initrd-$name" --append 'quiet mote.init=facts'
        expect_passed facts
        expect_end 'powered off'
        step "$image-$name: _text is at $(text)"
        [ "$image" = vmlinux ] || [ "$(text)" != ffffffff81000000 ] || echo "$name" >>"$WORK/not-random"
    done
    vm 60 "fixed-$name" --kernel "$BOOT/vmlinuz-$name" --initrd "$BOOT/initrd-$name" --no-kaslr --append 'quiet mote.init=facts'
    expect_passed facts
    [ "$(text)" = ffffffff81000000 ] || fail "with --no-kaslr, _text is at $(text)"
done
# One in some 500 kernels lands on its default address by chance.
[ "$(wc -l <"$WORK/not-random")" -le 1 ] || fail 'the address was not random'
