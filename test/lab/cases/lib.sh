# What the lab's cases share; sourced inside the lab host, before each case.
#   $CASE     the case's name
#   $MOTE     the VMM under test, taking mote's command line, by a path that only this case uses
#   $STAND_IN 1 when that is QEMU in mote's place
#   $WORK     a folder for this case, on tmpfs
#   $FILES    another, on ext4 on a disk
#   $TOOLS    where this file and the cases' helpers are
# shellcheck shell=bash disable=SC2034

BOOT=/lab/boot
CLOUD=(--kernel "$BOOT/vmlinuz-6.1-cloud" --initrd "$BOOT/initrd-6.1-cloud")
ROOT='quiet root=/dev/vda'
# Programs for the small initrd's tests; any number of VMs share it.
TOOLS_DISK=/dev/lab/tools,ro,serial=TOOLS,cache=writeback

# Limits are for a machine that has nothing else to do; PATIENCE is what they are multiplied by.
PATIENCE=${PATIENCE:-1}

fail() { echo "  failed: $*"; exit 1; }
step() { echo "  $*"; }

# fresh_root NAME: a new snapshot of the guest's root file system, as /dev/mote/NAME.
fresh_root() { lvcreate -qq -s -L 384M -n "$1" mote/origin >/dev/null; }

# fresh_disk NAME SIZE: a new plain logical volume, as /dev/mote/NAME.
fresh_disk() { lvcreate -qq -y -L "$2" -n "$1" mote >/dev/null; }

# vm_start NAME ARGS...: starts the VMM in the background. Its console is $WORK/NAME.out, its messages
# $WORK/NAME.err, its process ID $vm_pid; type_line TEXT types on its console.
vm_start() {
    vm=$1
    shift
    printf '%q ' run --verbose "$@" >"$WORK/$vm.args"
    mkfifo "$WORK/$vm.in"
    exec {keyboard}<>"$WORK/$vm.in"
    "$MOTE" run --verbose "$@" <&"$keyboard" >"$WORK/$vm.out" 2>"$WORK/$vm.err" &
    vm_pid=$!
}
type_line() { printf '%s\n' "$1" >&"$keyboard"; }

# vm_wait SECONDS: until the VM that vm_start started has ended by itself. Sets $status.
vm_wait() {
    local tries=$(($1 * 5 * PATIENCE))
    while kill -0 "$vm_pid" 2>/dev/null; do
        if [ $((tries -= 1)) -le 0 ]; then
            touch "$WORK/may-retry"
            fail "$vm did not end within $1 s"
        fi
        sleep 0.2
    done
    status=0
    wait "$vm_pid" || status=$?
    forgive_reset
}

# vm_end: ends a VM that vm_start started, at once: the first signal presses the power button. Sets $status.
vm_end() {
    local tries=50
    kill -TERM "$vm_pid"
    sleep 0.5
    kill -TERM "$vm_pid" 2>/dev/null || true
    while kill -0 "$vm_pid" 2>/dev/null; do
        [ $((tries -= 1)) -gt 0 ] || fail "$vm: still there 5 s after the second SIGTERM"
        sleep 0.1
    done
    status=0
    wait "$vm_pid" || status=$?
}

# forgive_reset: a guest that was reset and did not say so may be the nested machine's fault: the case is marked as one
# that may be tried again, once.
forgive_reset() {
    if grep -q 'guest rebooted' "$WORK/$vm.err" && ! grep -q 'reboot: Restarting' "$WORK/$vm.out"; then
        touch "$WORK/may-retry"
    fi
}

# vm SECONDS NAME ARGS...: runs the VMM to its end; its exit status is $status. A guest that does not end in time is
# forgiven once too.
vm() {
    local limit=$(($1 * PATIENCE)) start=$SECONDS
    vm=$2
    shift 2
    printf '%q ' run --verbose "$@" >"$WORK/$vm.args"
    status=0
    timeout -k 5 "$limit" "$MOTE" run --verbose "$@" </dev/null >"$WORK/$vm.out" 2>"$WORK/$vm.err" || status=$?
    step "$vm: exit status $status after $((SECONDS - start)) s"
    if [ "$status" = 124 ] || [ "$status" = 137 ]; then
        touch "$WORK/may-retry"
        fail "$vm did not end within $limit s"
    fi
    forgive_reset
}

expect_status() { [ "$status" = "$1" ] || fail "$vm: exit status $status, expected $1"; }
console() { tr -d '\r' <"$WORK/$vm.out"; }
expect_console() {
    grep -qaE -- "$1" <(console) || fail "$vm: the console does not say: $1"
}
refuse_console() {
    ! grep -aE -- "$1" <(console) || fail "$vm: the console says the above"
}
expect_message() { grep -qaE -- "$1" "$WORK/$vm.err" || fail "$vm: no message: $1"; }

# expect_end OUTCOME: powered off, rebooted or panicked; exit status and message agree.
expect_end() {
    case $1 in panicked) expect_status 123 ;; *) expect_status 0 ;; esac
    expect_message "mote: guest $1"
}

# expect_passed TEST...: the guest's own verdicts.
expect_passed() {
    local name
    for name in "$@"; do expect_console "^mote-test: $name: PASS"; done
    refuse_console '^mote-test: .*: FAIL'
}

expect_multi_user() { expect_console '^mote-test: multi-user.target is active'; }
expect_fact() { expect_console "^fact $1"; }

# wait_console PATTERN SECONDS, wait_message PATTERN SECONDS: until the running VM's console, or mote, says it.
wait_console() { wait_for "$1" "$2" "$WORK/$vm.out"; }
wait_message() { wait_for "$1" "$2" "$WORK/$vm.err"; }
wait_for() {
    local tries=$(($2 * 5 * PATIENCE))
    until grep -qaE -- "$1" <(tr -d '\r' <"$3"); do
        if ! kill -0 "$vm_pid" 2>/dev/null; then
            forgive_reset
            fail "$vm ended before it said: $1"
        fi
        if [ $((tries -= 1)) -le 0 ]; then
            touch "$WORK/may-retry"
            fail "$vm: no '$1' within $2 s"
        fi
        sleep 0.2
    done
}

# expect_clean_dmesg: no line in what the guest's dmesg test printed that a healthy machine would not
# cause. A stand-in has shortcomings of its own. "PCI: Fatal: No config space access function found" is not
# among them: Linux says it on every machine without ports CF8 and CFC, and then finds the ECAM window.
expect_clean_dmesg() {
    local bad='unchecked MSR|[Ff]irmware [Bb]ug|WARNING: CPU|BUG:|Call Trace|Oops|unstable|Unable to calibrate'
    bad+='|can.t assign|timed out|ACPI.*(Error|Exception)|I/O error|nobody cared'
    bad+='|No irq handler|not responding'
    expect_passed dmesg
    [ "$STAND_IN" = 1 ] && bad='unchecked MSR|WARNING: CPU|BUG:|Call Trace|Oops|I/O error'
    if grep -aE "^dmesg: .*($bad)" <(console); then fail "$vm: the guest's kernel complains as above"; fi
}

# check_filesystem NAME: the root file system on /dev/mote/NAME is sound once its journal is replayed. The
# kernel takes an io_uring down behind a process that has ended, and the disk stays claimed until then.
check_filesystem() {
    local tries=0 result
    while :; do
        result=0
        e2fsck -fp "/dev/mote/$1" >"$WORK/fsck" 2>&1 || result=$?
        if [ $result != 8 ] || [ $((tries += 1)) -gt 50 ]; then break; fi
        sleep 0.1
    done
    [ $tries = 0 ] || step "the disk was claimed for $tries tries of e2fsck after the VM's end"
    [ $result -le 1 ] || fail "e2fsck: $(cat "$WORK/fsck")"
}

# small_guest SECONDS NAME TEST DISK...: runs one of the small initrd's tests that need the tools' disk.
small_guest() {
    local args=() disk
    for disk in "${@:4}" "$TOOLS_DISK"; do args+=(--disk "$disk"); done
    vm "$1" "$2" "${CLOUD[@]}" --append "quiet mote.init=$3" "${args[@]}"
    expect_passed "$3"
    expect_end 'powered off'
}
# the same with vm_start
small_guest_start() {
    local args=() disk
    for disk in "${@:3}" "$TOOLS_DISK"; do args+=(--disk "$disk"); done
    vm_start "$1" "${CLOUD[@]}" --append "quiet mote.init=$2" "${args[@]}"
}

# fact NAME: the rest of that line of the VM's console.
fact() { console | sed -n "s/^fact $1 //p"; }
