#!/bin/bash
# run.sh [OPTION]... [CASE]... - the lab's tests: Debian guests on real logical volumes under mote, in a lab
# host (lab.sh) that has a real KVM. Without CASE, all of them; each is a file in cases/, its first line
# says what it shows.
#   --mote FILE   the binary (default: build/release/vmm/cli/mote)
#   --stand-in    QEMU in mote's place, to try the lab itself (stand-in.sh)
#   --list        the cases
#   --logs DIR    keep the consoles of cases that failed
# In the environment: PATIENCE=N multiplies all time limits (1), for a machine with other work; JOBS=N is how many cases
# run at a time (the lab host's CPUs, 2).
# A case whose nested guest hangs or is reset without a word is tried once more, and a case under which the lab host
# itself dies, twice more; that is counted and printed. The last line is "N passed, N failed"; the exit status says the same.
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
[ ${#cases[@]} -gt 0 ] || mapfile -t cases < <(all)
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
lab_pid=
# A lab host must not outlive the one who waits for it.
trap '[ -z "$lab_pid" ] || kill "$lab_pid" 2>/dev/null; rm -rf "$share"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir "$share/tools"
cp "$here"/cases/* "$share/tools/"
mv "$share/tools/run-in-lab.sh" "$share/"
cp "$mote" "$share/tools/mote"
: >"$share/results"

# lab_host CASE...: runs the cases in a lab host of their own; returns its exit status.
lab_host() {
    local status=0
    "$here/lab.sh" --guest --share "$share" --disk 8G --disk 4G --memory 4096 --timeout $((1800 * ${PATIENCE:-1})) \
        --env "STAND_IN=$stand_in" --env "PATIENCE=${PATIENCE:-1}" --env "JOBS=${JOBS:-}" --env "ALONE=${alone[*]}" \
        --env "HUNG=${hung[*]}" -- "./run-in-lab.sh $*" &
    lab_pid=$!
    wait "$lab_pid" || status=$?
    lab_pid=
    return $status
}

result_of() { grep -E "^$1 " "$share/results"; }

# Cases whose guest hung or was reset, cases that ran when a lab host died, and how often that happened to each; both are
# run by themselves the next time.
passed=0 failed=0 skipped=0 hosts=0 hung=() alone=()
declare -A died=()
left=("${cases[@]}")
start=$SECONDS
while [ ${#left[@]} -gt 0 ]; do
    echo "lab: starting a lab host for ${#left[@]} cases under $(basename "$mote")"
    : >"$share/begun"
    status=0
    lab_host "${left[@]}" || status=$?
    remaining=()
    for name in "${left[@]}"; do
        if result_of "$name" >/dev/null; then continue; fi
        if grep -qx -- "$name" "$share/begun"; then
            if [ $status = $WANTS_FRESH_HOST ]; then
                hung+=("$name")
            else
                # No case can be blamed for that; but what dies three times with it is not bad luck.
                died[$name]=$((${died[$name]:-0} + 1))
                echo "lab: the lab host died (status $status) during case $name"
                sed "s/^/  $name: /" "$share/output/$name" || true
                if [ "${died[$name]}" -ge 3 ]; then
                    echo "FAIL $name (the lab host died three times)"
                    echo "$name FAIL 0" >>"$share/results"
                    continue
                fi
            fi
            alone+=("$name")
        fi
        remaining+=("$name")
    done
    # A lab host that does not even begin a case will not do so the next time.
    if [ $((hosts += 1)) -gt 12 ] || { [ ! -s "$share/begun" ] && [ ${#remaining[@]} -gt 0 ]; }; then
        for name in "${remaining[@]}"; do echo "$name FAIL 0" >>"$share/results"; done
        remaining=()
    fi
    left=("${remaining[@]}")
done

echo
all_seconds=0
for name in "${cases[@]}"; do
    read -r name verdict seconds < <(result_of "$name")
    printf '%-6s %-20s %4s s\n' "$verdict" "$name" "$seconds"
    all_seconds=$((all_seconds + seconds))
    case $verdict in PASS) passed=$((passed + 1)) ;; SKIP) skipped=$((skipped + 1)) ;; *) failed=$((failed + 1)) ;; esac
done
if [ -n "$logs" ] && [ -d "$share/logs" ]; then mkdir -p "$logs"; cp -r "$share/logs/." "$logs/"; fi
[ ${#hung[@]} = 0 ] || echo "tried again after a silent hang or reset of its guest: ${hung[*]}"
for name in "${!died[@]}"; do echo "tried again because the lab host died: $name, ${died[$name]}x"; done
echo "time: $((SECONDS - start)) s, for cases of $all_seconds s"
summary="$passed passed, $failed failed"
[ "$skipped" = 0 ] || summary+=", $skipped skipped"
echo "$summary"
[ "$failed" = 0 ]
