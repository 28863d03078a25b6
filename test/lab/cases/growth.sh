# lvextend while the guest runs, and a longer file after SIGHUP: the guest has the new size at once, and can use what was added
fresh_disk "$CASE.data" 64M
truncate -s 64M "$FILES/data"
vm_start vm "${CLOUD[@]}" --append 'quiet mote.init=growth' --disk "/dev/mote/$CASE.data" --disk "$FILES/data"
wait_console '^fact waiting vda 131072' 60
lvextend -qq -L +32M "mote/$CASE.data" >/dev/null
wait_console '^fact grown vda 196608' 10
wait_console '^fact waiting vdb 131072' 30
truncate -s 96M "$FILES/data"
kill -HUP "$vm_pid"
wait_console '^fact grown vdb 196608' 10
vm_wait 60
expect_passed growth
expect_end 'powered off'
for disk in "/dev/mote/$CASE.data" "$FILES/data"; do
    [ "$(tail -c 1M "$disk" | tr -d '\0' | wc -c)" -gt 900000 ] || fail "nothing was written to the end of $disk"
done
