# A panic under systemd ends the VM with exit status 123, and udev loaded pvpanic by itself
fresh_root root
vm 150 vm "${CLOUD[@]}" --append "$ROOT rw mote.test=panic" --disk /dev/mote/root
expect_multi_user
expect_console 'Kernel panic - not syncing: sysrq triggered crash'
expect_end panicked
