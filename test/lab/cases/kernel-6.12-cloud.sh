# Debian's 6.12 cloud kernel boots the same system, with two vCPUs
fresh_root "$CASE"
vm 180 vm --kernel "$BOOT/vmlinuz-6.12-cloud" --initrd "$BOOT/initrd-6.12-cloud" --cpus 2 \
    --append "$ROOT rw mote.test=facts,write-file,dmesg" --disk "/dev/mote/$CASE"
expect_multi_user
expect_fact 'kernel 6\.12\..*-cloud-amd64'
expect_fact 'nproc 2$'
expect_passed facts write-file
expect_end 'powered off'
expect_clean_dmesg
