# kill -9 of mote, at any moment: no tap, table, name server or passt stays; without its janitor too, the next start cleans up
. ./network
if [ "$STAND_IN" = 1 ]; then skip 'it is about mote alone'; fi
host_bridge br0
link_to_world up1
remember_network
nets=(--net bridge=br0 --net tap=fresh --net nat,forward=8080:80 --net user,forward=8081:80 --net macvtap=up1)
start() { vm_start "$1" "${CLOUD[@]}" --name killed --append 'quiet mote.init=wait' "${nets[@]}"; }
start late
wait_console '^mote-init: running' 60
network_state >"$WORK/network.while"
for what in mote-tap0 fresh mote-nat 'mote-.*@up1' 'table inet mote-nat' mote-cleanup dnsmasq passt; do
    grep -q "^$what" "$WORK/network.while" || fail "there is no $what while it runs"
done
kill -9 "$vm_pid"
wait "$vm_pid" 2>/dev/null || true
expect_network_as_before
for seconds in 0.1 0.3 0.6 1 1.5; do
    start "early$seconds"
    sleep "$seconds"
    kill -9 "$vm_pid"
    wait "$vm_pid" 2>/dev/null || true
    expect_network_as_before
done

# orphan NAME: with nobody left to clean up.
orphan() {
    start "$1"
    wait_console '^mote-init: running' 60
    kill -9 "$(pgrep -x mote-cleanup -P "$vm_pid")" "$vm_pid"
    wait "$vm_pid" 2>/dev/null || true
}
orphan orphan1
"$MOTE" doctor >"$WORK/doctor" 2>&1 || true
step "doctor: $(grep -A 2 leftovers "$WORK/doctor" | tr '\n' ' ')"
grep -q '^degraded  leftovers' "$WORK/doctor" || fail "doctor sees nothing: $(cat "$WORK/doctor")"
"$MOTE" doctor --remove-leftovers >"$WORK/doctor" 2>&1 || fail "doctor --remove-leftovers: $(cat "$WORK/doctor")"
expect_network_as_before
orphan orphan2
vm 60 next "${CLOUD[@]}" --append 'quiet mote.init=poweroff' --net nat
expect_end 'powered off'
expect_network_as_before
