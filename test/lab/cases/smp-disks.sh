# Two vCPUs, three disks: one with a serial number and discard, and a read-only one; a panic, seen by the pvpanic that udev found
fresh_root "$CASE"
fresh_disk "$CASE.data" 256M
fresh_disk "$CASE.ro" 64M
data=/dev/mote/$CASE.data ro=/dev/mote/$CASE.ro
printf read-only | dd of="$ro" conv=notrunc status=none
sum=$(sha256sum <"$ro")
discards() { awk '{print $12}' "/sys/dev/block/$(stat -L -c %Hr:%Lr "$data")/stat"; }
before=$(discards)
vm 180 vm "${CLOUD[@]}" --cpus 2 --append "$ROOT rw mote.test=facts,data-disks,dmesg,panic" --disk "/dev/mote/$CASE,serial=ROOT" \
    --disk "$data,serial=DATA-1,queues=2,discard=on" --disk "$ro,ro,serial=RO-1"
expect_multi_user
expect_passed facts data-disks
expect_console 'Kernel panic - not syncing: sysrq triggered crash'
expect_end panicked
expect_fact 'nproc 2$'
expect_fact 'disk vda .*serial=ROOT '
expect_fact 'disk vdb sectors=524288 ro=0 serial=DATA-1 queues=2 discard=[1-9]'
expect_fact 'disk vdc sectors=131072 ro=1 serial=RO-1 '
expect_clean_dmesg
[ "$(sha256sum <"$ro")" = "$sum" ] || fail 'the read-only disk has changed'
[ "$(discards)" -gt "$before" ] || fail 'no discard reached the logical volume'
