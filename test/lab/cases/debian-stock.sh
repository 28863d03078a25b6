# Debian as it was installed: no unit masked, and its own initrd, made by initramfs-tools, finds the root by its UUID
fresh_root "$CASE"
mkdir "$WORK/root"
mount "/dev/mote/$CASE" "$WORK/root"
sed "s|^|$WORK/root|" "$WORK/root/usr/lib/mote-test/trimmed" | xargs rm
umount "$WORK/root"
uuid=$(blkid -o value -s UUID "/dev/mote/$CASE")
vm 240 vm --kernel "$BOOT/vmlinuz-6.1-cloud" --initrd "$BOOT/initrd-debian" \
    --append "quiet root=UUID=$uuid ro mote.test=write-file,facts" --disk "/dev/mote/$CASE"
expect_multi_user
expect_passed write-file facts
expect_fact 'failed-units $'
expect_end 'powered off'
check_filesystem "$CASE"
