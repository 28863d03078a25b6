# Debian's own initrd, as initramfs-tools made it, finds the root by its UUID
fresh_root root
uuid=$(blkid -o value -s UUID /dev/mote/root)
vm 200 vm --kernel "$BOOT/vmlinuz-6.1-cloud" --initrd "$BOOT/initrd-debian" \
    --append "quiet root=UUID=$uuid ro mote.test=write-file" --disk /dev/mote/root
expect_multi_user
expect_passed write-file
expect_end 'powered off'
check_filesystem root
