# A second VM on a disk that one is writing is refused with exit status 125, and the first goes on
fresh_disk "$CASE.data" 64M
vm_start first "${CLOUD[@]}" --append 'quiet mote.init=wait' --disk "/dev/mote/$CASE.data"
wait_console '^mote-init: running' 60
vm 30 second "${CLOUD[@]}" --append 'quiet mote.init=poweroff' --disk "/dev/mote/$CASE.data"
expect_status 125
expect_message "/dev/mote/$CASE.data"
kill -0 "$vm_pid" || fail 'the first VM is gone'
vm_end
vm 60 third "${CLOUD[@]}" --append 'quiet mote.init=poweroff' --disk "/dev/mote/$CASE.data"
expect_end 'powered off'
