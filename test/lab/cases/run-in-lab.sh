#!/bin/bash
# run-in-lab.sh CASE... - inside the lab host: makes a volume group, then runs the cases, JOBS (the number of CPUs) at a
# time, each in a session and a folder of its own. A case with a line "# alone" has the lab host to itself; so has each
# of ALONE, whose lab host died or whose guest hung before (HUNG). What a case prints is kept in output/CASE, and printed as a whole when
# the case ends.
#
# Outcomes go to ./results, one "CASE VERDICT SECONDS" a line, and begun cases to ./begun, so that run.sh knows where
# to go on if the lab host dies, or ends with 76 because a case wants a fresh one.
set -u
here=$(cd "$(dirname "$0")" && pwd)
export LVM_SUPPRESS_FD_WARNINGS=1 STAND_IN=${STAND_IN:-0} PATIENCE=${PATIENCE:-1}
# The binary and the cases' helpers run from memory, not through the share.
export TOOLS=/run/mote-lab
scratch=/scratch
jobs=${JOBS:-$(nproc)}
mkdir -p "$TOOLS" "$scratch" "$here/output"
cp "$here"/tools/* "$TOOLS/"
cd "$TOOLS" || exit 1

prepare() {
    pvcreate -qq /dev/lab/disk0 &&
        vgcreate -qq mote /dev/lab/disk0 &&
        lvcreate -qq -L "$(blockdev --getsize64 /dev/lab/guestroot)b" -n origin mote &&
        dd if=/dev/lab/guestroot of=/dev/mote/origin bs=1M iflag=direct oflag=direct conv=sparse status=none &&
        mkfs.ext4 -q /dev/lab/disk1 &&
        mount /dev/lab/disk1 "$scratch"
}
start=$SECONDS
prepare >/dev/null || { echo 'lab: cannot make the volume group'; exit 1; }
echo "volume group mote with the guest's root file system: $((SECONDS - start)) s; $jobs cases at a time"

alone() { grep -qx '# alone' "$1.sh"; }
tried_before() { [[ " ${ALONE:-} " == *" $1 "* ]]; }
hung_before() { [[ " ${HUNG:-} " == *" $1 "* ]]; }
work_of() { echo "/tmp/case-$1"; }

# Cases that run, and when they began. Those that end say so through a fifo.
declare -A began=()
mkfifo ended
exec {ended}<>ended

# begin CASE: in the background.
begin() {
    local case=$1 work
    work=$(work_of "$case")
    mkdir -p "$work" "$scratch/$case"
    # A name of its own, so that a case can tell its VMs from another's.
    ln -s "$TOOLS/mote" "$work/mote"
    echo "$case" >>"$here/begun"
    began[$case]=$SECONDS
    (
        export CASE=$case WORK=$work MOTE=$work/mote FILES=$scratch/$case
        # shellcheck disable=SC2016 # for the inner shell
        setsid timeout -k 5 $((300 * PATIENCE)) bash -euo pipefail -c \
            'skip() { echo "  skipped: $*"; exit 77; }; . ./lib.sh; . "./$1.sh"' case "$case" &
        echo $! >"$work/session"
        wait $!
        echo "$case $?" >&"$ended"
    ) >"$here/output/$case" 2>&1 &
}

# evidence WORK: what the VMs of a failed case said.
evidence() {
    local file name
    for file in "$1"/*.args; do
        [ -e "$file" ] || continue
        name=${file%.args}
        echo "--- ${name##*/}: mote $(cat "$file")"
        tail -n 40 "$name.out" | tr -d '\r' | sed 's/^/  | /'
        echo "--- ${name##*/}: messages"
        tail -n 15 "$name.err" | sed 's/^/  | /'
    done
    mkdir -p "$here/logs" && cp -r "$1" "$here/logs/" 2>/dev/null
}

# clean CASE WORK: ends what the case has left running, and removes its volumes and files; of volumes all that are left
# when nothing else runs.
clean() {
    local volumes="^$1(\.|\$)"
    [ ${#began[@]} -gt 0 ] || volumes=.
    pkill -9 -s "$(cat "$2/session")"
    pkill -9 -f "^$2/mote run"
    sleep 0.2
    awk -v below="$2/" 'index($2, below) == 1 { print $2 }' /proc/mounts | tac | xargs -r umount
    lvs --noheadings -o lv_name mote | tr -d ' ' | grep -vx origin | grep -E "$volumes" | sed 's|^|mote/|' |
        xargs -r lvremove -qq -y >/dev/null
    rm -rf "$2" "${scratch:?}/$1"
}

fresh_host_wanted=0

# end_one: waits until a case ends, and judges it.
end_one() {
    local case outcome seconds verdict work
    read -r case outcome <&"$ended"
    seconds=$((SECONDS - began[$case]))
    unset "began[$case]"
    work=$(work_of "$case")
    [ "$outcome" != 124 ] || touch "$work/may-retry"
    case $outcome in
    0) verdict=PASS ;;
    77) verdict=SKIP ;;
    *) verdict=FAIL ;;
    esac
    echo
    echo "=== $case: $(sed -n '1s/^# //p' "$case.sh")"
    cat "$here/output/$case"
    [ $verdict != FAIL ] || evidence "$work"
    if [ -e "$work/may-retry" ] && ! hung_before "$case"; then
        # What made the guest hang may be this lab host's emulated CPU.
        echo "--- $case: no end, or a silent reset: once more, in a fresh lab host"
        fresh_host_wanted=1
    else
        echo "$verdict $case ($seconds s)"
        echo "$case $verdict $seconds" >>"$here/results"
    fi
    clean "$case" "$work"
}

# run LIMIT CASE...: that many at a time, to the end of all that began.
run() {
    local limit=$1 case
    shift
    for case in "$@"; do
        while [ ${#began[@]} -ge "$limit" ]; do end_one; done
        [ $fresh_host_wanted = 0 ] || break
        begin "$case"
    done
    while [ ${#began[@]} -gt 0 ]; do end_one; done
    [ $fresh_host_wanted = 0 ] || exit 76
}

again=() together=() single=()
for case in "$@"; do
    if tried_before "$case"; then again+=("$case")
    elif alone "$case"; then single+=("$case")
    else together+=("$case"); fi
done
run 1 "${again[@]}"
run "$jobs" "${together[@]}"
run 1 "${single[@]}"
