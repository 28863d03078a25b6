# Debian's generic 6.1 kernel (ext4 is a module) boots the same system
fresh_root "$CASE"
vm 180 vm --kernel "$BOOT/vmlinuz-6.1-generic" --initrd "$BOOT/initrd-6.1-generic" \
    --append "$ROOT rw mote.test=facts,write-file,dmesg" --disk "/dev/mote/$CASE"
expect_multi_user
expect_fact 'kernel 6\.1\.0-[0-9]+-amd64'
expect_passed facts write-file
expect_end 'powered off'
expect_clean_dmesg
