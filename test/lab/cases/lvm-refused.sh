# A logical volume that is missing, inactive, suspended, a pool, mounted or used otherwise is refused with the reason
if [ "$STAND_IN" = 1 ]; then skip 'it is about mote alone'; fi
fresh_disk "$CASE.data" 64M
disk=lvm:mote/$CASE.data
device=/dev/mote/$CASE.data

# refused NAME MESSAGE DISK: exit status 125, and one line that says MESSAGE.
refused() {
    vm 20 "$1" "${CLOUD[@]}" --append 'quiet mote.init=poweroff' --disk "$3"
    expect_status 125
    # The kernel is prepared meanwhile, and --verbose has something to say on that.
    grep -v '^mote: kernel ' "$WORK/$1.err" >"$WORK/said"
    step "$(cat "$WORK/said")"
    [ "$(wc -l <"$WORK/said")" = 1 ] || fail "$1: not one line"
    grep -qE -- "$2" "$WORK/said" || fail "$1: it does not say: $2"
}
refused no-group "there is no volume group 'nothing'; there is: mote" lvm:nothing/root
refused no-volume "has no volume 'nothing'; there is: .*origin" lvm:mote/nothing
refused no-name 'names no logical volume' lvm:mote
refused option 'names no logical volume' lvm:mote/--yes
refused snapshot-of-nothing "has no volume 'nothing'" lvm:mote/nothing,snapshot

mkfs.ext4 -q "$device"
mkdir "$WORK/mount"
mount "$device" "$WORK/mount"
refused mounted "mounted on $WORK/mount" "$disk"
umount "$WORK/mount"

mkswap -q "$device"
swapon "$device"
refused swap 'used as swap space' "$disk"
swapoff "$device"

dmsetup create --noudevsync "$CASE.holder" --table "0 1000 linear $device 0"
refused holder "part of the device /dev/mapper/$CASE.holder" "$disk"
dmsetup remove --noudevsync "$CASE.holder"

vm_start first "${CLOUD[@]}" --name first --append 'quiet mote.init=wait' --disk "$disk"
first=$vm_pid
wait_console '^mote-init: running' 60
refused second "locked by .*PID $first" "$disk"
vm=first vm_pid=$first
vm_end

mapped=/dev/mapper/mote-lvm--refused.data
dmsetup suspend --noudevsync "$mapped"
refused suspended 'suspended; resume it: lvchange --refresh' "$disk"
dmsetup resume --noudevsync "$mapped"

lvchange -an "mote/$CASE.data"
refused inactive "not active; activate it: lvchange -ay mote/$CASE.data" "$disk"
lvchange -ay "mote/$CASE.data"

lvchange -pr "mote/$CASE.data"
refused read-only 'it is read-only; open it so' "$disk"
lvchange -prw "mote/$CASE.data"

lvcreate -qq -y -L 32M -T "mote/$CASE.pool" >/dev/null
refused pool 'is a thin pool' "lvm:mote/$CASE.pool"
refused hidden "LVM keeps for hidden parts" "lvm:mote/$CASE.pool_tdata"

vm 60 after "${CLOUD[@]}" --append 'quiet mote.init=poweroff' --disk "$disk"
expect_end 'powered off'
