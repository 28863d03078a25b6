#!/bin/bash
# run-in-lab.sh CASE... - inside a lab host: makes a volume group, then runs those of the cases that no other lab host has
# taken, one after the other, each in a session and a folder of its own.
#
# A case is taken by making taken/CASE, in which the number of this lab host (HOST) is then written. What it prints goes to
# output/CASE, and "CASE VERDICT SECONDS" to results when it has ended. The exit status is 76 if a case wants a fresh lab
# host: what made its guest hang may be this one's emulated CPU.
set -u
here=$(cd "$(dirname "$0")" && pwd)
export LVM_SUPPRESS_FD_WARNINGS=1 STAND_IN=${STAND_IN:-0} PATIENCE=${PATIENCE:-1}
# The binary and the cases' helpers run from memory, not through the share.
export TOOLS=/run/mote-lab
scratch=/scratch
mkdir -p "$TOOLS" "$scratch"
cp -r "$here"/tools/* "$TOOLS/"
cd "$TOOLS" || exit 1

prepare() {
    pvcreate -qq /dev/lab/disk0 &&
        vgcreate -qq mote /dev/lab/disk0 &&
        lvcreate -qq -L "$(blockdev --getsize64 /dev/lab/guestroot)b" -n origin mote &&
        dd if=/dev/lab/guestroot of=/dev/mote/origin bs=1M iflag=direct oflag=direct conv=sparse status=none &&
        mkfs.ext4 -q /dev/lab/disk1 &&
        mount /dev/lab/disk1 "$scratch"
}
prepare >/dev/null || { echo 'lab: cannot make the volume group'; exit 1; }

# run CASE: sets $outcome and $seconds.
run() {
    local start=$SECONDS
    mkdir -p "$work" "$scratch/$1"
    # A name of its own, so that a case can tell its VMs from another's.
    ln -s "$TOOLS/mote" "$work/mote"
    (
        export CASE=$1 WORK=$work MOTE=$work/mote FILES=$scratch/$1
        # shellcheck disable=SC2016 # for the inner shell
        setsid timeout -k 5 $((300 * PATIENCE)) bash -euo pipefail -c \
            'skip() { echo "  skipped: $*"; exit 77; }; . ./lib.sh; . "./$1.sh"' case "$1" &
        echo $! >"$work/session"
        wait $!
    ) >"$here/output/$1" 2>&1
    outcome=$?
    seconds=$((SECONDS - start))
}

# evidence: what the VMs of a failed case said.
evidence() {
    local file name
    for file in "$work"/*.args; do
        [ -e "$file" ] || continue
        name=${file%.args}
        echo "--- ${name##*/}: mote $(cat "$file")"
        tail -n 40 "$name.out" | tr -d '\r' | sed 's/^/  | /'
        echo "--- ${name##*/}: messages"
        tail -n 15 "$name.err" | sed 's/^/  | /'
    done
    cp -r "$work" "$here/logs/" 2>/dev/null
}

# clean CASE: ends what the case has left running, and removes its volumes, network namespaces and files.
clean() {
    pkill -9 -s "$(cat "$work/session")"
    pkill -9 -f "^$work/mote run"
    sleep 0.2
    awk -v below="$work/" 'index($2, below) == 1 { print $2 }' /proc/mounts | tac | xargs -r umount
    lvs --noheadings -o lv_name mote | tr -d ' ' | grep -vx origin | sed 's|^|mote/|' | xargs -r lvremove -qq -y >/dev/null
    ip netns list | cut -d ' ' -f 1 | grep -E "^$1(\.|\$)" | xargs -r -n 1 ip netns delete
    rm -rf "$work" "${scratch:?}/$1"
}

for case in "$@"; do
    mkdir "$here/taken/$case" 2>/dev/null || continue
    echo "$HOST" >"$here/taken/$case/host"
    work=/tmp/case-$case
    run "$case"
    [ "$outcome" != 124 ] || touch "$work/may-retry"
    case $outcome in
    0) verdict=ok ;;
    77) verdict=SKIP ;;
    *) verdict=FAIL ;;
    esac
    [ $verdict != FAIL ] || evidence >>"$here/output/$case"
    if [ -e "$work/may-retry" ]; then exit 76; fi
    clean "$case"
    echo "$case $verdict $seconds" >>"$here/results"
done
