# kill -9 leaves no process, no file and no lock behind
if [ "$STAND_IN" = 1 ]; then skip 'it is about mote alone'; fi
fresh_disk "$CASE.data" 64M
export XDG_RUNTIME_DIR=$WORK/runtime
mkdir "$XDG_RUNTIME_DIR"
vm_start killed "${CLOUD[@]}" --name killed --append 'quiet mote.init=wait' --disk "/dev/mote/$CASE.data"
wait_console '^mote-init: running' 60
mapfile -t family < <(echo "$vm_pid"; pgrep -P "$vm_pid")
kill -9 "${family[@]}"
wait "$vm_pid" 2>/dev/null || true
sleep 1
for pid in "${family[@]}"; do
    [ ! -e "/proc/$pid" ] || grep -q zombie "/proc/$pid/status" || fail "process $pid is still there"
done
if pgrep -f "$MOTE run" >/dev/null; then fail "left behind: $(pgrep -af "$MOTE run")"; fi
step "runtime folder afterwards: $(find "$XDG_RUNTIME_DIR" /run/mote -mindepth 1 2>/dev/null | tr '\n' ' ')"
vm 60 again "${CLOUD[@]}" --name killed --append 'quiet mote.init=poweroff' --disk "/dev/mote/$CASE.data"
expect_end 'powered off'
