# Two vCPUs, three disks: a writable one with a serial number and discard, and a read-only one
fresh_root root
fresh_disk data 256M
fresh_disk ro 64M
printf read-only | dd of=/dev/mote/ro conv=notrunc status=none
sum=$(sha256sum </dev/mote/ro)
discards() { awk '{print $12}' "/sys/dev/block/$(stat -L -c %Hr:%Lr /dev/mote/data)/stat"; }
before=$(discards)
vm 180 vm "${CLOUD[@]}" --cpus 2 --append "$ROOT rw mote.test=facts,data-disks,dmesg" --disk /dev/mote/root,serial=ROOT \
    --disk /dev/mote/data,serial=DATA-1,queues=2,discard=on --disk /dev/mote/ro,ro,serial=RO-1
expect_multi_user
expect_passed facts data-disks
expect_end 'powered off'
expect_fact 'nproc 2$'
expect_fact 'disk vda .*serial=ROOT '
expect_fact 'disk vdb sectors=524288 ro=0 serial=DATA-1 queues=2 discard=[1-9]'
expect_fact 'disk vdc sectors=131072 ro=1 serial=RO-1 '
expect_clean_dmesg
[ "$(sha256sum </dev/mote/ro)" = "$sum" ] || fail 'the read-only disk has changed'
[ "$(discards)" -gt "$before" ] || fail 'no discard reached the logical volume'
