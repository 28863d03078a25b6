#!/bin/bash
# run.sh [PART]... - installs what the tests need from Debian, builds, and runs every test, or those of the
# parts named. Safe to run again. Without a terminal and as root it asks nothing.
#
#   lint    test/lint/run.sh: include directions, headers, formatting, clang-tidy, shellcheck, manual pages
#   build   release and debug with warnings as errors; the release binary is static and at most 1.5 MiB
#   unit    unit tests, debug build
#   asan    unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
#   tsan    unit tests of what threads share, under ThreadSanitizer
#   fuzz    each fuzz target for MOTE_FUZZ_SECONDS (10)
#   kvm     test/kvm/run.sh: bare-metal guests on this machine's KVM, and kills of mote at random moments
#   formats test/formats/run.sh: disk formats against QEMU's tools, random requests and kills
#   firmware test/firmware/run.sh: the boot loader, with sanitizers, on what parted, mkfs and LVM made, and damaged
#   lab     test/lab/run.sh: Debian guests in the lab
#
# What all parts need is installed first; the lab's images, if any must be made, are made beside the other parts. kvm waits
# more than it computes: formats and firmware, if they are wanted too, begin with it, and count the seconds that are left.
# Ends with tables, of the steps' seconds and of the parts, with what failed and the last lines of each, and with
# "N passed, N failed", and ", N skipped" if a part could not run here. The exit status is 0 if nothing failed, 1 if
# something did, 2 for a mistake in the arguments.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.." || exit 2
# shellcheck source=packages.sh
. "$here/packages.sh"
# shellcheck source=firmware/packages.sh
. "$here/firmware/packages.sh"
# shellcheck source=lab/packages.sh
. "$here/lab/packages.sh"

ALL_PARTS=(lint build unit asan tsan fuzz kvm formats firmware lab)
MAX_RELEASE_BYTES=$((1536 * 1024))
# What runs on more than one thread, or is handed between threads.
TSAN_TESTS='boot_ranges|boot_payload|boot_cache|loop|virtq|virtio|net_|irq|msi|bus|stream|blk|block|overlay|qcow2|vcpu|uevent|log'
fuzz_seconds=${MOTE_FUZZ_SECONDS:-10}
# What formats and firmware are told.
export WORKLOAD=$PWD/build/release/test/formats/formats-workload CRASH=$PWD/build/release/test/formats/formats-crash
export FWLS=$PWD/build/asan/test/firmware/fwls ROUNDS=1

case ${1:-} in --help | -h) sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"; exit 0 ;; esac
parts=("$@")
[ $# -gt 0 ] || parts=("${ALL_PARTS[@]}")
for part in "${parts[@]}"; do
    [[ " ${ALL_PARTS[*]} " == *" $part "* ]] || { echo "run.sh: no part is called '$part'; there are: ${ALL_PARTS[*]}" >&2; exit 2; }
done
wanted() { [[ " ${parts[*]} " == *" $1 "* ]]; }

logs=$(mktemp -d)
images_pid=
declare -A begun=() # the process of a part's script that was begun before its turn
trap 'kill $images_pid ${begun[*]} 2>/dev/null; rm -rf "$logs"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# What the part that runs has counted so far.
passed=0 failed=0 skipped=0
pass() { passed=$((passed + 1)); echo "  ok: $*"; }
# fail WHAT [FILE]: the end says it again, with the file's last lines.
fail() { failed=$((failed + 1)); echo "  FAILED: $1"; remember "$1" "${2:-/dev/null}"; }
remember() { { echo "$part: $1"; tail -n 25 "$2" | sed 's/^/    /'; } >>"$logs/failures"; }
skip() { skipped=$((skipped + 1)); echo "  skipped: $*"; }

# timed NAME COMMAND...: runs it as a step, whose seconds the table at the end shows.
steps=()
timed() {
    local name=$1 start=$SECONDS status=0
    shift
    "$@" || status=$?
    steps+=("$(printf '%-32s %7d' "$name" $((SECONDS - start)))")
    return $status
}

# remember_cases FILE: of each case that a script calls failed, its name and the last lines of what stands indented behind.
remember_cases() {
    awk -v part="$part" '
        function show(  i) {
            if (failing) print part ": " failing
            for (i = lines > 25 ? lines - 24 : 1; failing && i <= lines; i++) print line[i]
            failing = ""
        }
        failing && /^    / { line[++lines] = $0; next }
        { show() }
        /^FAIL / { failing = $2; lines = 0 }
        END { show() }
    ' "$1" >>"$logs/failures"
}

# count_closing_line FILE WHAT STATUS: adds the "N passed, N failed[, N skipped]" that a script ended with.
count_closing_line() {
    local line
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1)
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)? ]]; then
        passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
        [ "$3" = 0 ] || [ "${BASH_REMATCH[2]}" != 0 ] || fail "$2 ended with status $3"
    else
        fail "$2 did not come to its end (status $3)"
    fi
}

# run_script SECONDS SCRIPT [ARG...]: a test script with a closing line of its own, or what it has said if it was begun.
run_script() {
    local seconds=$1 status=0 pid=${begun[$part]:-}
    shift
    if [ -n "$pid" ]; then
        wait "$pid" || status=$?
        unset "begun[$part]"
        cat "$logs/$part"
    else
        timeout -k 10 "$seconds" "$@" 2>&1 | tee "$logs/$part"
        status=${PIPESTATUS[0]}
    fi
    [ "$status" != 124 ] || echo "  $1 took longer than $seconds s"
    remember_cases "$logs/$part"
    count_closing_line "$logs/$part" "$1" "$status"
}

# begin PART SECONDS SCRIPT: what run_script would run in the part's turn, beside the part that runs now.
begin() {
    timeout -k 10 "$2" "$3" >"$logs/$1" 2>&1 &
    begun[$1]=$!
}

# build PRESET [TARGET...]: configures and builds it, or only the targets; prints the compiler's words only if it fails.
build() {
    local preset=$1
    shift
    if timed "build $preset" build_quietly "$preset" "$@"; then return 0; fi
    grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking)' "$logs/build" >"$logs/said"
    tail -n 60 "$logs/said"
    return 1
}
build_quietly() {
    echo "  building $1"
    cmake --preset "$1" >"$logs/build" 2>&1 &&
        cmake --build --preset "$1" ${2:+--target "${@:2}"} >>"$logs/build" 2>&1
}

ctest_shown() {
    ctest --test-dir "build/$1" -L unit -R "$2" --output-on-failure --no-tests=error -j "$(nproc)" 2>&1 | tee "$logs/ctest"
    return "${PIPESTATUS[0]}"
}

# unit_tests PRESET [REGEX]: builds the preset's unit tests and runs them; counts Check's checks.
unit_tests() {
    local preset=$1 regex=${2:-.} status ran broken died tests=()
    cmake --preset "$preset" >"$logs/build" 2>&1
    mapfile -t tests < <(ctest --test-dir "build/$preset" -N -L unit -R "$regex" | sed -nE 's|.*: unit/|test-|p')
    if ! build "$preset" "${tests[@]}"; then
        fail "the $preset build" "$logs/said"
        return
    fi
    timed "unit tests, $preset" ctest_shown "$preset" "$regex"
    status=$?
    read -r ran broken < <(sed -nE 's/.*Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+).*/\1 \2 \3/p' \
        "build/$preset/Testing/Temporary/LastTest.log" |
        awk '{ checks += $1; broken += $2 + $3 } END { print checks + 0, broken + 0 }')
    passed=$((passed + ran - broken)) failed=$((failed + broken))
    # A test that hung or died, or a sanitizer's report after the last check, has no count of its own.
    died=$(sed -nE 's/.*tests passed, ([0-9]+) tests failed out of.*/\1/p' "$logs/ctest")
    if [ "$status" != 0 ] && [ "$broken" -lt "${died:-1}" ]; then failed=$((failed + ${died:-1} - broken)); fi
    if [ "$status" != 0 ]; then
        grep -E '^[^ ]+:[0-9]+:[FE]:|SUMMARY: |runtime error: |\*\*\*(Failed|Timeout|Exception)|^No tests' "$logs/ctest" >"$logs/broken"
        remember "unit tests, $preset" "$logs/broken"
    fi
}

part_lint() {
    timed lint run_script 900 test/lint/run.sh
}

part_build() {
    local bytes
    if build debug; then pass 'debug builds without a warning'; else fail 'the debug build' "$logs/said"; fi
    if build release; then pass 'release builds without a warning'; else fail 'the release build' "$logs/said"; return; fi
    bytes=$(stat -c %s build/release/vmm/cli/mote)
    if [ "$bytes" -le "$MAX_RELEASE_BYTES" ]; then pass "mote has $bytes bytes"
    else fail "mote has $bytes bytes, more than $MAX_RELEASE_BYTES"; fi
    if readelf -lW build/release/vmm/cli/mote | grep -qE 'INTERP|DYNAMIC'; then fail 'mote is not static'
    else pass 'mote is static'; fi
}

part_unit() { unit_tests debug; }
part_asan() { unit_tests asan; }
part_tsan() { unit_tests tsan "$TSAN_TESTS"; }

# fuzz_one TARGET: its output and its exit status into files. It starts from the corpus of earlier runs, from what is kept
# in the tree, and from what its seed writer, seeds-NAME beside it, writes.
fuzz_one() {
    local name=${1##*/} seeds=${1%/*}/seeds-${1##*/fuzz-} corpus=()
    [ -d "test/fuzz/corpus/$name" ] && corpus=("test/fuzz/corpus/$name")
    if [ -x "$seeds" ]; then
        mkdir "$logs/$name.seeds"
        "$seeds" "$logs/$name.seeds" >"$logs/$name" 2>&1 || { echo 1 >"$logs/$name.status"; return; }
        corpus+=("$logs/$name.seeds")
    fi
    # New inputs go to the build folder, the first corpus; what is kept in the tree stays as it is.
    mkdir -p "build/fuzz/corpus/$name"
    timeout -k 5 $((fuzz_seconds + 60)) "$1" -max_total_time="$fuzz_seconds" -rss_limit_mb=2048 -timeout=10 \
        -print_final_stats=1 -verbosity=1 -artifact_prefix="build/fuzz/found-$name-" \
        "build/fuzz/corpus/$name" "${corpus[@]}" >"$logs/$name" 2>&1
    echo $? >"$logs/$name.status"
}

# fuzz_all TARGET...: as many at a time as there are CPUs.
fuzz_all() {
    export -f fuzz_one
    export logs fuzz_seconds
    # shellcheck disable=SC2016 # for the inner shell
    printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} bash -c 'fuzz_one "$1"' fuzz {}
}

part_fuzz() {
    local targets=() target name
    build fuzz || { fail 'the fuzz build' "$logs/said"; return; }
    mapfile -t targets < <(find build/fuzz -type f -name 'fuzz-*' -executable | sort)
    [ ${#targets[@]} -gt 0 ] || { fail 'there are no fuzz targets'; return; }
    echo "  ${#targets[@]} targets, $fuzz_seconds s each, $(nproc) at a time"
    timed fuzz fuzz_all "${targets[@]}"
    for target in "${targets[@]}"; do
        name=${target##*/}
        if [ "$(cat "$logs/$name.status")" = 0 ]; then
            pass "$name: $(sed -nE 's/^stat::number_of_executed_units: *//p' "$logs/$name") inputs"
        else
            fail "$name" "$logs/$name"
            tail -n 40 "$logs/$name"
        fi
    done
}

part_kvm() {
    if [ ! -e /dev/kvm ]; then skip 'this machine has no /dev/kvm'; return; fi
    if [ ! -r /dev/kvm ] || [ ! -w /dev/kvm ]; then skip '/dev/kvm is not permitted to this user'; return; fi
    build release || { fail 'the release build' "$logs/said"; return; }
    if wanted formats; then begin formats 900 test/formats/run.sh; fi
    if wanted firmware && build asan fwls fwboot; then begin firmware 900 test/firmware/run.sh; fi
    MOTE=build/release/vmm/cli/mote GUESTS=build/release/test/guest timed 'bare-metal guests' run_script 900 test/kvm/run.sh
}

part_formats() {
    build release || { fail 'the release build' "$logs/said"; return; }
    timed formats run_script 900 test/formats/run.sh
}

part_firmware() {
    build asan fwls fwboot || { fail 'the asan build' "$logs/said"; return; }
    timed firmware run_script 900 test/firmware/run.sh
}

part_lab() {
    if [ "$(id -u)" != 0 ]; then skip 'the lab must be built as root'; return; fi
    timed "wait for the lab's images" lab_images_ready || { fail "the lab's images" "$logs/images"; return; }
    build release || { fail 'the release build' "$logs/said"; return; }
    # Two lab hosts share the machine: limits are for hangs.
    PATIENCE=${PATIENCE:-2} timed 'lab' run_script 2100 test/lab/run.sh --mote build/release/vmm/cli/mote
}

# The lab's images are mostly downloads: they are made while others compile.
lab_images_start() {
    (
        start=$SECONDS
        nice -n 5 test/lab/images.sh host guest
        status=$?
        echo "lab: images after $((SECONDS - start)) s"
        exit $status
    ) >"$logs/images" 2>&1 &
    images_pid=$!
}
lab_images_ready() {
    local status=0
    wait "$images_pid" || status=$?
    images_pid=
    cat "$logs/images"
    return $status
}

# install_needs: the packages of all wanted parts at once.
install_needs() {
    local needs=("${BUILD_NEEDS[@]}" "${UNIT_NEEDS[@]}")
    if wanted lint; then needs+=("${LINT_NEEDS[@]}"); fi
    if wanted asan || wanted tsan || wanted fuzz; then needs+=("${CLANG_NEEDS[@]}"); fi
    if wanted formats || wanted kvm; then needs+=("${FORMATS_NEEDS[@]}"); fi
    if wanted kvm; then needs+=("${KVM_NEEDS[@]}"); fi
    if wanted firmware || wanted fuzz; then needs+=("${FIRMWARE_NEEDS[@]}"); fi
    if lab_wanted; then needs+=("${LAB_NEEDS[@]}"); fi
    packages_install "${needs[@]}"
}
lab_wanted() { wanted lab && [ "$(id -u)" = 0 ]; }

timed packages install_needs || exit 1
if lab_wanted; then lab_images_start; fi

total_passed=0 total_failed=0 total_skipped=0 table=()
for part in "${ALL_PARTS[@]}"; do
    wanted "$part" || continue
    echo "== $part"
    passed=0 failed=0 skipped=0 start=$SECONDS
    "part_$part"
    table+=("$(printf '%-8s %7d %7d %8d %8d' "$part" "$passed" "$failed" "$skipped" $((SECONDS - start)))")
    total_passed=$((total_passed + passed)) total_failed=$((total_failed + failed)) total_skipped=$((total_skipped + skipped))
done

echo
printf '%-32s %7s\n' step seconds
printf '%s\n' "${steps[@]}"
echo
printf '%-8s %7s %7s %8s %8s\n' part passed failed skipped seconds
printf '%s\n' "${table[@]}"
if [ "$total_failed" != 0 ]; then
    echo
    echo 'failed:'
    cat "$logs/failures"
    echo
fi
closing="$total_passed passed, $total_failed failed"
[ "$total_skipped" = 0 ] || closing+=", $total_skipped skipped"
echo "$closing"
[ "$total_failed" = 0 ]
