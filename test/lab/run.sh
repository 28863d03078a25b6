#!/bin/bash
# run.sh [OPTION]... [CASE]... - the lab's tests: Debian guests on real logical volumes under mote, in a lab
# host (lab.sh) that has a real KVM. Without CASE, all of them but those with a line "# when named";
# each is a file in cases/, its first line says what it shows. A line "# distros" asks for other systems' disks.
#   --mote FILE   the binary (default: build/release/vmm/cli/mote)
#   --stand-in    QEMU in mote's place, to try the lab itself (stand-in.sh)
#   --list        the cases
#   --logs DIR    keep the consoles of cases that failed
# In the environment: PATIENCE=N multiplies all time limits (1), for a machine with other work; JOBS=N is how many lab hosts
# run at a time (2).
# Each lab host has one CPU, whatever the guests have, and takes the next case that nobody has taken. (With two, QEMU's emulated
# SVM resets guests and stops lab hosts far more often.)
# A case whose nested guest hangs or is reset without a word is tried once more, and a case under which the lab host itself
# dies, twice more, each in a fresh one; that is counted and printed. The last line is "N passed, N failed"; the exit
# status says the same.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)

# run-in-lab.sh ends with it.
WANTS_FRESH_HOST=76

mote='' stand_in=0 logs='' cases=()
all() {
    local name
    for name in "$here"/cases/*.sh; do
        name=$(basename "$name" .sh)
        case $name in lib | run-in-lab) ;; *) echo "$name" ;; esac
    done
}
# all but those with a line "# when named", which take long and show little that others do not
usual() {
    all | while read -r name; do grep -qx '# when named' "$here/cases/$name.sh" || echo "$name"; done
}
while [ $# -gt 0 ]; do
    case $1 in
    --mote) mote=$2; shift 2 ;;
    --stand-in) stand_in=1; shift ;;
    --logs) logs=$2; shift 2 ;;
    --list) all | while read -r name; do printf '%-20s %s\n' "$name" "$(sed -n '1s/^# //p' "$here/cases/$name.sh")"; done; exit ;;
    --help) sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"; exit ;;
    -*) echo "run.sh: unknown option '$1'" >&2; exit 2 ;;
    *) cases+=("$1"); shift ;;
    esac
done
[ ${#cases[@]} -gt 0 ] || mapfile -t cases < <(usual)
for name in "${cases[@]}"; do
    [ -f "$here/cases/$name.sh" ] || { echo "run.sh: there is no case '$name'; see --list" >&2; exit 2; }
done
if [ "$stand_in" = 1 ]; then
    mote=$here/stand-in.sh
elif [ -z "$mote" ]; then
    mote=$repo/build/release/vmm/cli/mote
fi
if [ -z "$mote" ] || [ ! -x "$mote" ]; then
    echo "run.sh: no mote binary: build it, or name it with --mote" >&2
    exit 1
fi

"$here/images.sh" host guest >/dev/null
share=$(mktemp -d "${TMPDIR:-/tmp}/mote-lab-cases.XXXXXX")
hosts=()    # the process of each lab host, by its number
# Lab hosts must not outlive the one who waits for them.
trap '[ ${#hosts[@]} = 0 ] || kill "${hosts[@]}" 2>/dev/null; rm -rf "$share"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir "$share"/{tools,taken,output,logs}
cp -r "$here"/cases/* "$share/tools/"
mv "$share/tools/run-in-lab.sh" "$share/"
cp "$mote" "$share/tools/mote"
: >"$share/results"

declare -A tried=() hung=() died=()
started=0 printed=0

# start_host CASE...: a lab host that runs those of the cases that no other has taken.
start_host() {
    local number=$started name more=()
    started=$((started + 1))
    for name in "$@"; do if grep -qx '# distros' "$here/cases/$name.sh"; then more=(--distros); fi; done
    "$here/lab.sh" --guest "${more[@]}" --share "$share" --cpus 1 --disk 8G --disk 4G --memory 4096 \
        --timeout $((1800 * ${PATIENCE:-1})) --env "STAND_IN=$stand_in" --env "PATIENCE=${PATIENCE:-1}" \
        --env "HOST=$number" -- "./run-in-lab.sh $*" >"$share/host$number" 2>&1 &
    hosts[number]=$!
}

# settle_host NUMBER STATUS: the lab host has ended; what it had taken and not judged is free again, or has failed.
settle_host() {
    local name taken reason
    for taken in "$share"/taken/*; do
        name=${taken##*/}
        if [ "$(cat "$taken/host" 2>/dev/null)" != "$1" ] || grep -q "^$name " "$share/results"; then continue; fi
        tried[$name]=$((${tried[$name]:-1} + 1))
        if [ "$2" = $WANTS_FRESH_HOST ]; then
            hung[$name]=$((${hung[$name]:-0} + 1)) reason='its guest hung or was reset'
        else
            # No case can be blamed for that; but what dies three times with it is not bad luck.
            died[$name]=$((${died[$name]:-0} + 1)) reason="the lab host died (status $2)"
        fi
        echo
        echo "=== $name: $reason"
        cat "$share/output/$name"
        if [ "${hung[$name]:-0}" -gt 1 ] || [ "${died[$name]:-0}" -gt 2 ]; then
            echo "$name FAIL 0" >>"$share/results"
        else
            echo "--- $name: once more, in a fresh lab host"
            rm -r "$taken"
        fi
    done
    # What the lab host itself said, where it did not come to its end.
    [ "$2" = 0 ] || [ "$2" = $WANTS_FRESH_HOST ] || cat "$share/host$1"
}

# print_results: those that are new, with what the cases said, indented.
print_results() {
    local name verdict seconds
    while read -r name verdict seconds; do
        printed=$((printed + 1))
        echo
        echo "$verdict $name ($seconds s): $(sed -n '1s/^# //p' "$here/cases/$name.sh")"
        sed 's/^/    /' "$share/output/$name"
    done < <(tail -n +$((printed + 1)) "$share/results")
}

# run_cases HOSTS CASE...: all of them, in up to so many lab hosts at a time.
run_cases() {
    local at_a_time=$1 number status left taken name last=$((started + $1 + 10))
    shift
    while :; do
        left=0 taken=0
        for name in "$@"; do
            grep -q "^$name " "$share/results" || { left=$((left + 1)); [ ! -d "$share/taken/$name" ] || taken=$((taken + 1)); }
        done
        if [ $left = 0 ] && [ ${#hosts[@]} = 0 ]; then break; fi
        if [ $left -gt $taken ] && [ ${#hosts[@]} -lt "$at_a_time" ] && [ $started -lt $last ]; then
            start_host "$@"
        elif [ ${#hosts[@]} = 0 ]; then
            echo "lab: $((started - last + at_a_time + 10)) lab hosts died: no more are tried"
            for name in "$@"; do grep -q "^$name " "$share/results" || echo "$name FAIL 0" >>"$share/results"; done
        fi
        sleep 1
        print_results
        for number in "${!hosts[@]}"; do
            if kill -0 "${hosts[number]}" 2>/dev/null; then continue; fi
            status=0
            wait "${hosts[number]}" || status=$?
            unset "hosts[number]"
            print_results
            settle_host "$number" "$status"
        done
    done
    print_results
}

start=$SECONDS
echo "lab: ${#cases[@]} cases under $(basename "$mote")"
run_cases "${JOBS:-2}" "${cases[@]}"

echo
passed=0 failed=0 skipped=0 all_seconds=0
for name in "${cases[@]}"; do
    read -r _ verdict seconds < <(grep "^$name " "$share/results")
    printf '%-6s %-20s %4s s%s\n' "$verdict" "$name" "$seconds" "${tried[$name]:+  (try ${tried[$name]})}"
    all_seconds=$((all_seconds + seconds))
    case $verdict in ok) passed=$((passed + 1)) ;; SKIP) skipped=$((skipped + 1)) ;; *) failed=$((failed + 1)) ;; esac
done
if [ -n "$logs" ]; then mkdir -p "$logs"; cp -r "$share/logs/." "$logs/"; fi
[ ${#hung[@]} = 0 ] || echo "tried again since the guest hung or was reset: ${!hung[*]}"
[ ${#died[@]} = 0 ] || echo "tried again since the lab host died: ${!died[*]}"
echo "time: $((SECONDS - start)) s, for cases of $all_seconds s"
summary="$passed passed, $failed failed"
[ "$skipped" = 0 ] || summary+=", $skipped skipped"
echo "$summary"
[ "$failed" = 0 ]
