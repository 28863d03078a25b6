# SIGTERM presses the power button; a second signal ends the VM at once with exit status 130, its disk free
if [ "$STAND_IN" = 1 ]; then skip 'it is about mote alone'; fi
vm_start button "${CLOUD[@]}" --append 'quiet mote.init=power-button'
wait_console '^fact waiting' 60
kill -TERM "$vm_pid"
vm_wait 60
expect_passed power-button
expect_end 'powered off'
fresh_disk "$CASE.data" 64M
vm_start ended "${CLOUD[@]}" --append 'quiet mote.init=wait' --disk "/dev/mote/$CASE.data"
wait_console '^mote-init: running' 60
vm_end
expect_status 130
vm 60 again "${CLOUD[@]}" --append 'quiet mote.init=poweroff' --disk "/dev/mote/$CASE.data"
expect_end 'powered off'
