# Without a console the guest still boots and ends, and standard output stays empty
fresh_disk "$CASE.data" 64M
vm 60 vm "${CLOUD[@]}" --console none --append 'quiet mote.init=disk-io' --disk "/dev/mote/$CASE.data"
[ ! -s "$WORK/vm.out" ] || fail 'there is output without a console'
expect_end 'powered off'
[ "$(head -c 1M "/dev/mote/$CASE.data" | tr -d '\0' | wc -c)" -gt 900000 ] || fail 'the volume is empty'
