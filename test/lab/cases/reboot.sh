# systemd's reboot ends the VM with the outcome "rebooted"
fresh_root root
vm 150 vm "${CLOUD[@]}" --append "$ROOT rw mote.test=reboot" --disk /dev/mote/root
expect_multi_user
expect_console 'reboot: Restarting system'
expect_end rebooted
check_filesystem root
