# A disk that fails: error=report tells the guest; with error=pause the VM waits and goes on when the disk is whole again
fresh_disk "$CASE.data" 64M
lv=/dev/mote/$CASE.data
dm=mote-lab-$CASE
half=32768 all=131072      # sectors; what fails begins in the middle of the first half
whole() { echo "0 $all linear $lv 0"; }
broken() { printf '%s\n' "0 $half linear $lv 0" "$half $half error" "$((2 * half)) $((all - 2 * half)) linear $lv $((2 * half))"; }
# Reads succeed; writes and flushes fail.
flakey() { echo "0 $all flakey $lv 0 0 1 1 error_writes"; }
table() { dmsetup suspend --noudevsync "$dm"; "$1" | dmsetup load "$dm"; dmsetup resume --noudevsync "$dm"; }
broken | dmsetup create --noudevsync "$dm"
trap 'dmsetup remove --noudevsync --retry "$dm"' EXIT
# There is no udev here to give it another name than the kernel's.
disk=/dev/$(dmsetup info -c --noheadings -o blkdevname "$dm")

small_guest_start report io-errors "$disk,serial=DATA,error=report"
wait_console '^fact waiting flakey' 60
table flakey
type_line flakey
wait_console '^fact waiting healed' 60
table whole
type_line healed
vm_wait 60
expect_passed io-errors
expect_end 'powered off'
for what in read-good write-good flush-good flakey-read healed-read healed-write healed-flush; do expect_fact "$what ok"; done
for what in read-bad write-bad flakey-flush flakey-write; do expect_fact "$what error.*Input/output error"; done

for how in broken flakey; do
    table whole
    small_guest_start "pause-$how" io-pause "$disk,serial=DATA,error=pause"
    wait_console '^fact waiting' 60
    table "$how"
    type_line go
    wait_message 'paused' 60
    sleep 3
    kill -0 "$vm_pid" || fail 'the VM is gone'
    refuse_console '^fact sum'
    table whole
    vm_wait 60
    expect_passed io-pause
    expect_end 'powered off'
    # Past the page cache, which knows nothing of what reaches the volume through another device.
    got=$(dd if="$lv" bs=1M count=20 iflag=direct status=none | md5sum | cut -d' ' -f1)
    [ "$got" = "$(fact 'sum DATA')" ] || fail 'the volume is not what the guest wrote'
done
