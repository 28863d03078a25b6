# A snapshot for one run, classic and thin: the origin does not change, and it is gone however the VM ends
if [ "$STAND_IN" = 1 ]; then skip 'it is about mote alone'; fi

snapshots() { lvs --noheadings -o lv_name,lv_size,lv_tags --units m --select "origin=\"$1\"" mote; }
expect_none() {
    local tries=$((100 * PATIENCE))
    # After kill -9 the janitor does it, and nobody waits for that.
    while [ -n "$(snapshots "$1")" ]; do
        if [ "$2" = now ] || [ $((tries -= 1)) -le 0 ]; then fail "$vm: left behind: $(snapshots "$1")"; fi
        sleep 0.1
    done
}

disk_of() { echo "lvm:mote/$1,snapshot"; }

fill() {
    dd if=/dev/urandom of="/dev/mote/$1" bs=1M count=8 conv=notrunc oflag=direct status=none
    sum=$(sha256sum <"/dev/mote/$1")
}
expect_same() { [ "$(sha256sum <"/dev/mote/$1")" = "$sum" ] || fail "the origin $1 has changed"; }

# The ends of a VM on a snapshot of the volume NAME.
power_off() {
    vm 60 "$1.off" "${CLOUD[@]}" --name writer --append 'quiet mote.init=disk-io' --disk "$(disk_of "$1")"
    expect_passed disk-io
    expect_end 'powered off'
    expect_none "$1" now
}
panic() {
    vm 60 "$1.panic" "${CLOUD[@]}" --append 'quiet mote.init=panic' --disk "$(disk_of "$1")"
    expect_end panicked
    expect_none "$1" now
}
# stopped NAME SIZE OPTION...: the snapshot is that large while it is there.
stopped() {
    vm_start "$1.stop$2" "${CLOUD[@]}" --name stopped --append 'quiet mote.init=wait' --disk "$(disk_of "$1")${3:-}"
    wait_console '^mote-init: running' 60
    snapshots "$1" | grep -E "^ *mote-stopped-[0-9a-f]{6} +$2\.00m .*mote\.owner=[0-9a-f:]+" | grep -q mote.snapshot ||
        fail "the snapshot is not as expected: $(snapshots "$1")"
    vm_end
    expect_status 130
    expect_none "$1" now
}
killed() {
    vm_start "$1.kill" "${CLOUD[@]}" --append 'quiet mote.init=wait' --disk "$(disk_of "$1")"
    wait_console '^mote-init: running' 60
    [ -n "$(snapshots "$1")" ] || fail 'there is no snapshot'
    kill -9 "$vm_pid"
    wait "$vm_pid" 2>/dev/null || true
    expect_none "$1" soon
    refuse_message 'cannot clean up'
}
# Killed while the snapshot is being made, or at any other moment of the start.
killed_early() {
    local seconds
    for seconds in 0.1 0.4 0.8 1.2 1.8; do
        vm_start "$1.early$seconds" "${CLOUD[@]}" --append 'quiet mote.init=wait' --disk "$(disk_of "$1")"
        sleep "$seconds"
        kill -9 "$vm_pid"
        wait "$vm_pid" 2>/dev/null || true
    done
    # Their janitors go by the same command line.
    while pgrep -f "^$MOTE run" >/dev/null; do sleep 0.1; done
    expect_none "$1" now
}
refuse_message() { ! grep -aE -- "$1" "$WORK/$vm.err" || fail "$vm says the above"; }

classic=$CASE.classic
fresh_disk "$classic" 320M
fill "$classic"
power_off "$classic"
panic "$classic"
stopped "$classic" 256
stopped "$classic" 32 ,snapshot-size=32M
killed "$classic"
killed_early "$classic"
expect_same "$classic"
# The first disk's snapshot goes when the second disk fails.
vm 20 half "${CLOUD[@]}" --disk "lvm:mote/$CASE.classic,snapshot" --disk "lvm:mote/nothing,snapshot"
expect_status 125
expect_none "$CASE.classic" now

lvcreate -qq -y -L 96M -T "mote/$CASE.pool" >/dev/null
lvcreate -qq -y -V 64M -T "mote/$CASE.pool" -n "$CASE.thin" >/dev/null
fill "$CASE.thin"
power_off "$CASE.thin"
killed "$CASE.thin"
expect_same "$CASE.thin"
vm 20 thin-size "${CLOUD[@]}" --disk "lvm:mote/$CASE.thin,snapshot,snapshot-size=32M"
expect_status 125
expect_message 'leave snapshot-size out'

# What is mounted can have a snapshot, and is refused without.
mkfs.ext4 -q "/dev/mote/$CASE.thin"
mkdir "$WORK/mount"
mount "/dev/mote/$CASE.thin" "$WORK/mount"
echo kept >"$WORK/mount/file"
vm 60 mounted "${CLOUD[@]}" --append 'quiet mote.init=disk-io' --disk "lvm:mote/$CASE.thin,snapshot"
expect_passed disk-io
expect_end 'powered off'
expect_none "$CASE.thin" now
umount "$WORK/mount"
e2fsck -fn "/dev/mote/$CASE.thin" >"$WORK/fsck" 2>&1 || fail "$(cat "$WORK/fsck")"
lvremove -qq -y "mote/$CASE.thin" "mote/$CASE.pool" >/dev/null
