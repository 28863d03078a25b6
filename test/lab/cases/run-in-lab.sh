#!/bin/bash
# run-in-lab.sh CASE... - inside the lab host: makes a volume group, then runs each case in its own shell
# and folder. Outcomes go to ./results, one "CASE STATUS SECONDS TRIES" a line, as they happen, so that
# run.sh knows where to go on if the lab host dies, or ends with 76 because a case wants a fresh one.
set -u
here=$(cd "$(dirname "$0")" && pwd)
export LVM_SUPPRESS_FD_WARNINGS=1 MOTE=/run/mote-lab/mote STAND_IN=${STAND_IN:-0}

# The binary and the cases' helpers run from memory, not through the share.
mkdir -p /run/mote-lab
cp "$here"/* /run/mote-lab/
cd /run/mote-lab || exit 1

start=$SECONDS
{
    pvcreate -qq /dev/lab/disk0
    vgcreate -qq mote /dev/lab/disk0
    lvcreate -qq -L "$(blockdev --getsize64 /dev/lab/guestroot)b" -n origin mote
    dd if=/dev/lab/guestroot of=/dev/mote/origin bs=1M iflag=direct oflag=direct conv=sparse status=none
} >/dev/null || { echo 'lab: cannot make the volume group'; exit 1; }
echo "volume group mote with the guest's root file system: $((SECONDS - start)) s"

clean() {
    local pid
    for pid in $(pgrep -f "$MOTE run") $(pgrep -f "^qemu-system-x86_64"); do kill -9 "$pid" 2>/dev/null; done
    sleep 0.2
    lvs --noheadings -o lv_name mote | tr -d ' ' | grep -vx origin | sed 's|^|mote/|' |
        xargs -r -n 1 lvremove -qq -y >/dev/null
}

for case in "$@"; do
    echo
    echo "=== $case: $(sed -n '1s/^# //p' "$case.sh")"
    try=1
    [ "$case" != "${SECOND_TRY:-}" ] || try=2
    WORK=/tmp/$case.$try
    export WORK
    mkdir -p "$WORK"
    start=$SECONDS
    # shellcheck disable=SC2016
    timeout -k 5 $((300 * ${PATIENCE:-1})) bash -euo pipefail -c \
        'skip() { echo "  skipped: $*"; exit 77; }; . ./lib.sh; . "./$1.sh"' case "$case"
    outcome=$?
    seconds=$((SECONDS - start))
    [ $outcome = 124 ] && touch "$WORK/may-retry"
    [ $outcome = 0 ] || [ $outcome = 77 ] || {
        for file in "$WORK"/*.args; do
            [ -e "$file" ] || continue
            name=${file%.args}
            echo "--- ${name##*/}: mote $(cat "$file")"
            tail -n 40 "$name.out" | tr -d '\r' | sed 's/^/  | /'
            echo "--- ${name##*/}: messages"
            tail -n 15 "$name.err" | sed 's/^/  | /'
        done
        mkdir -p "$here/logs" && cp -r "$WORK" "$here/logs/" 2>/dev/null
    }
    if [ $try = 1 ] && [ -e "$WORK/may-retry" ]; then
        # In a lab host of its own: what made the guest hang may be this one's emulated CPU.
        echo "--- $case: no end, or a silent reset: once more, in a fresh lab host"
        exit 76
    fi
    clean
    case $outcome in
    0) verdict=PASS ;;
    77) verdict=SKIP ;;
    *) verdict=FAIL ;;
    esac
    echo "$verdict $case (${seconds} s)"
    echo "$case $verdict $seconds $try" >>"$here/results"
    rm -rf "/tmp/$case".[12]
done
