#!/bin/bash
# quickstart-session.sh MOTE KERNEL INITRD DISK - boots a Debian with mote and uses its serial console as a
# person would: waits for the login prompt, logs in, types commands, powers off. What the console shows is
# printed as it comes. Fails if the guest does not come up, answer, and power off.
set -euo pipefail
[ $# = 4 ] || { sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"; exit 2; }
mote=$1 kernel=$2 initrd=$3 disk=$4
boot_patience_s=700 answer_patience_s=200

run=$(mktemp -d "${TMPDIR:-/tmp}/quickstart.XXXXXX")
mote_pid=''
cleanup() {
    if [ -n "$mote_pid" ] && kill -0 "$mote_pid" 2>/dev/null; then
        kill -QUIT "$mote_pid"
        wait "$mote_pid" || true
    fi
    rm -rf "$run"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The console, readable: without carriage returns and terminal sequences, and set off from our own words.
show() { sed -u -e 's/\r//g' -e 's/\x1b\[[?0-9;]*[a-zA-Z]//g' -e 's/^/  | /'; }

# end_of_mote: waits for it, and leaves its status in `status`.
end_of_mote() {
    status=0
    wait "$mote_pid" || status=$?
    mote_pid=''
}

# await PATTERN SECONDS: until the console has said it, since the last await.
seen=0
await() {
    local deadline=$((SECONDS + $2)) at
    while true; do
        at=$(tail -c +$((seen + 1)) "$run/console" | grep -aboE -m 1 -- "$1" | head -n 1 | cut -d: -f1 || true)
        if [ -n "$at" ]; then
            seen=$((seen + at + 1))
            return
        fi
        if ! kill -0 "$mote_pid" 2>/dev/null; then
            end_of_mote
            echo "mote ended with status $status before the console said '$1'" >&2
            exit 1
        fi
        [ "$SECONDS" -lt "$deadline" ] || { echo "no '$1' on the console within $2 s" >&2; exit 1; }
        sleep 0.5
    done
}
type_line() { printf '%s\r' "$1" >&"$keyboard"; }
# A command, and the line that only its having run can print.
enter() {
    type_line "$1; echo done-\$((6 * 7))"
    await 'done-42' "$answer_patience_s"
}

mkfifo "$run/keyboard" "$run/screen"
: >"$run/console"
tee "$run/console" <"$run/screen" | show &
show_pid=$!
start=$SECONDS
"$mote" run --kernel "$kernel" --initrd "$initrd" --append 'root=/dev/vda rw quiet' --memory 512M --name quickstart \
    --disk "$disk" <"$run/keyboard" >"$run/screen" &
mote_pid=$!
exec {keyboard}>"$run/keyboard"

await 'login: ' "$boot_patience_s"
echo "== login prompt after $((SECONDS - start)) s"
type_line root
await '# ' "$answer_patience_s"
enter 'uname -a'
enter '. /etc/os-release; echo "$PRETTY_NAME"'
enter 'systemctl is-system-running --wait; systemd-detect-virt'
enter 'lsblk; free -m'
type_line 'systemctl poweroff'

end_of_mote
exec {keyboard}>&-
wait "$show_pid" || true
echo
if [ "$status" != 0 ]; then
    echo "mote ended with status $status" >&2
    exit 1
fi
echo "== the guest booted, answered and powered off in $((SECONDS - start)) s"
