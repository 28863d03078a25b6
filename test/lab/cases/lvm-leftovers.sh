# When mote and its janitor are killed, doctor finds the snapshot and removes it, and the next start mentions it
if [ "$STAND_IN" = 1 ]; then skip 'it is about mote alone'; fi
fresh_disk "$CASE.data" 64M
disk=lvm:mote/$CASE.data
snapshots() { lvs --noheadings -o lv_name --select "origin=\"$CASE.data\"" mote | tr -d ' '; }
doctor() { "$MOTE" doctor "$@" >"$WORK/doctor" 2>&1 || return; }

# orphan NAME: a snapshot that nobody will remove.
orphan() {
    local janitor
    vm_start "$1" "${CLOUD[@]}" --name "$1" --append 'quiet mote.init=wait' --disk "$disk,snapshot"
    wait_console '^mote-init: running' 60
    janitor=$(pgrep -x mote-cleanup -P "$vm_pid")
    kill -9 "$janitor" "$vm_pid"
    wait "$vm_pid" 2>/dev/null || true
    # The device is the dead VM's until the kernel has taken its ring apart.
    sleep 2
}
orphan one
left=$(snapshots)
[[ $left == mote-one-* ]] || fail "there is no leftover: $left"
doctor || fail "doctor: exit status $?"
grep -A 1 "^degraded  leftovers .*mote/$left is a snapshot of $CASE.data" "$WORK/doctor" | grep "lvremove -y mote/$left" ||
    fail "doctor does not say so: $(cat "$WORK/doctor")"

vm 60 plain "${CLOUD[@]}" --append 'quiet mote.init=poweroff' --disk "$disk"
expect_end 'powered off'
[ "$(grep -c "mote/$left is a snapshot of $CASE.data" "$WORK/plain.err")" = 1 ] || fail 'the next start does not mention it'
vm_start living "${CLOUD[@]}" --name living --append 'quiet mote.init=wait' --disk "$disk,snapshot"
wait_console '^mote-init: running' 60
expect_message "mote/$left is a snapshot of $CASE.data .*mote doctor --remove-leftovers"

# A VM that runs keeps its snapshot.
doctor --remove-leftovers || fail "doctor --remove-leftovers: exit status $?: $(cat "$WORK/doctor")"
grep "^ok .*removed mote/$left" "$WORK/doctor" || fail "$(cat "$WORK/doctor")"
[[ $(snapshots) == mote-living-* ]] || fail "not as expected: $(snapshots)"
vm_end
expect_status 130
[ -z "$(snapshots)" ] || fail "left: $(snapshots)"
doctor --remove-leftovers || fail "doctor --remove-leftovers: exit status $?"
grep '^ok .*leftovers .*none' "$WORK/doctor" || fail "$(cat "$WORK/doctor")"

# Without its janitor a VM that ends says that something is left.
vm_start lonely "${CLOUD[@]}" --append 'quiet mote.init=power-button' --disk "$disk,snapshot"
wait_console '^fact waiting' 60
kill -9 "$(pgrep -x mote-cleanup -P "$vm_pid")"
kill -TERM "$vm_pid"
status=0
wait "$vm_pid" || status=$?
expect_status 125
expect_message 'was killed'
sleep 2
doctor --remove-leftovers || fail "doctor --remove-leftovers: exit status $?"
[ -z "$(snapshots)" ] || fail "left: $(snapshots)"
