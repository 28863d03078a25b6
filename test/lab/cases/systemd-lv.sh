# Debian with systemd on a logical volume: multi-user, a file written, reboot; the file is there, power off
fresh_root "$CASE"
vm 150 first "${CLOUD[@]}" --append "$ROOT rw mote.test=write-file,facts,dmesg,reboot" --disk "/dev/mote/$CASE"
expect_multi_user
expect_passed write-file facts
expect_console 'reboot: Restarting system'
expect_end rebooted
expect_message 'vda.*io_uring'
expect_fact 'nproc 1$'
expect_fact 'rng virtio_rng'
expect_fact 'rng-bytes 64$'
expect_fact 'clocksource kvm-clock|fact clocksource tsc'
expect_fact 'acpi .*S5'
expect_fact 'console ttyS0'
expect_fact 'failed-units $'
expect_clean_dmesg
check_filesystem "$CASE"
vm 150 second "${CLOUD[@]}" --append "$ROOT rw mote.test=check-file" --disk "/dev/mote/$CASE"
expect_passed check-file
expect_end 'powered off'
check_filesystem "$CASE"
