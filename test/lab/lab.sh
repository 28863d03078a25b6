#!/bin/bash
# lab.sh [OPTION]... -- COMMAND - run COMMAND (one bash command line) as root in a throw-away lab host:
# a Debian under QEMU's TCG with emulated AMD SVM, so that inside there is a real /dev/kvm (kvm_amd with
# nested paging), real device-mapper, LVM, loop and tun, on any machine, with or without KVM of its own.
#
# What COMMAND prints is printed here as it comes, and its exit status is this script's (124: timed out;
# 125: the lab host could not start or died). Images are made on first use (images.sh). The root is a
# read-only image under a tmpfs, so any number of lab hosts can run at once; only the share outlives one.
#
#   --share DIR       DIR, read-write, at /lab/share, which is where COMMAND starts
#   --guest           guest material: /lab/boot/{vmlinuz,vmlinux,initrd}-{6.1-cloud,6.1-generic,6.12-cloud},
#                     /lab/boot/initrd-debian, and /dev/lab/guestroot, the read-only disk that holds the
#                     guest's root file system (copy it: dd if=/dev/lab/guestroot of=... bs=1M conv=sparse),
#                     and /dev/lab/tools, read-only, programs for guests that boot the small initrd
#   --distros         disks of other systems (DISTROS in packages.sh), read-only: /dev/lab/NAME
#   --disk FILE|SIZE  a raw image, or a new empty disk (e.g. 8G), as /dev/lab/disk0, disk1, ...
#   --cpus N          CPUs of the lab host (2)
#   --memory MIB      its memory (3072)
#   --prealloc        touch all its memory first: otherwise whoever uses a page first waits for the machine
#                     underneath to find one, which is no small part of what a benchmark would measure
#   --timeout SECONDS (600)
#   --env NAME=VALUE  exported to COMMAND
#   --log FILE        keep the lab host's own console there
#   --append ARGS     more kernel arguments for the lab host
#
# Example: the guest, to a root shell's prompt, on a logical volume, with the mote binary in build/:
#   lab.sh --guest --share build --disk 8G -- '. /lab/share/x.sh'
# In a command: lvm works as usual on /dev/lab/disk0; see cases/lib.sh for a volume group and snapshots.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)

share='' guest=0 distros=0 disks=() cpus=2 memory=3072 prealloc=off timeout=600 env=() log='' append=''
usage() { sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"; exit "$1"; }
while [ $# -gt 0 ]; do
    case $1 in
    --share) share=$2; shift 2 ;;
    --guest) guest=1; shift ;;
    --distros) distros=1; shift ;;
    --disk) disks+=("$2"); shift 2 ;;
    --cpus) cpus=$2; shift 2 ;;
    --memory) memory=$2; shift 2 ;;
    --prealloc) prealloc=on; shift ;;
    --timeout) timeout=$2; shift 2 ;;
    --env) env+=("$2"); shift 2 ;;
    --log) log=$2; shift 2 ;;
    --append) append=$2; shift 2 ;;
    --help) usage 0 ;;
    --) shift; break ;;
    *) echo "lab: unknown option '$1'" >&2; usage 2 >&2 ;;
    esac
done
[ $# -ge 1 ] || usage 2 >&2

host=$("$here/images.sh" host) || exit 125
if [ "$guest" = 1 ]; then material=$("$here/images.sh" guest) || exit 125; fi
if [ "$distros" = 1 ]; then others=$("$here/images.sh" distros) || exit 125; fi

run=$(mktemp -d "${TMPDIR:-/tmp}/mote-lab.XXXXXX")
pids=()
# shellcheck disable=SC2317 # called by the trap
cleanup() {
    local pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    if [ -n "$log" ]; then cp "$run/console" "$log" 2>/dev/null || true; fi
    rm -rf "$run"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The command rides in a second cpio archive behind the lab host's initrd.
mkdir "$run/extra"
printf '%s\n' "$*" >"$run/extra/command"
: >"$run/extra/environment"
for pair in "${env[@]}"; do printf 'export %q\n' "$pair" >>"$run/extra/environment"; done
{
    cat "$host/initrd.gz"
    cd "$run/extra"
    printf 'command\nenvironment\n' | cpio -o -H newc --quiet | gzip -1
} >"$run/initrd"

# tsc, timer and mitigations: TCG has no clock worth calibrating and nothing to mitigate.
kargs="console=ttyS0 quiet panic=-1 reboot=t mitigations=off tsc=reliable no_timer_check
       random.trust_cpu=on"
# EPYC-Rome and not max: with erms and fsrm, TCG clears pages byte by byte. Without xsave: TCG (7.2) does
# not leave the guest on XSETBV, so KVM would run it with another XCR0 than it set, and lose SSE state. Without cx16: TCG
# (7.2) works out the flags after CMPXCHG16B from its state before the last instructions, so that what resumes just before
# one, from VMRUN or IRET, may go on with a pointer for EFLAGS. Kernels, 6.12 above all, use it where they allocate memory.
cpu_model=EPYC-Rome,+svm,+npt,-xsave,-avx,-avx2,-fma,-f16c,-cx16
# shellcheck disable=SC2054 # the commas are QEMU's
args=(-M q35,memory-backend=ram -accel tcg,thread=multi,tb-size=512 -cpu "${MOTE_LAB_CPU:-$cpu_model}"
      -m "$memory" -smp "$cpus" -nodefaults -no-user-config -display none -no-reboot
      -chardev "file,id=console,path=$run/console" -serial chardev:console
      -object rng-random,id=rng,filename=/dev/urandom -device virtio-rng-pci,rng=rng
      -device virtio-serial-pci
      -chardev "file,id=out,path=$run/out,append=on" -device virtserialport,chardev=out,name=lab.out
      -chardev "file,id=status,path=$run/status" -device virtserialport,chardev=status,name=lab.status
      -chardev "pipe,id=pulse,path=$run/pulse" -device virtserialport,chardev=pulse,name=lab.pulse)
disk() {    # file, serial, options
    args+=(-drive "if=none,id=$2,file=$1,format=raw,$3" -device "virtio-blk-pci,drive=$2,serial=$2")
}
disk "$host/root.img" root readonly=on,file.locking=off
if [ "$guest" = 1 ]; then
    disk "$material/root.img" guestroot readonly=on,file.locking=off
    disk "$material/boot.img" boot readonly=on,file.locking=off
    disk "$host/tools.img" tools readonly=on,file.locking=off
fi
if [ "$distros" = 1 ]; then
    for folder in $others; do
        for file in "$folder"/*.img; do disk "$file" "$(basename "$file" .img)" readonly=on,file.locking=off; done
    done
fi
for i in "${!disks[@]}"; do
    file=${disks[i]}
    if [[ $file =~ ^[0-9]+[KMGT]$ ]]; then
        file=$run/disk$i
        truncate -s "${disks[i]}" "$file"
    fi
    disk "$file" "disk$i" cache=unsafe,discard=unmap
done
if [ -n "$share" ]; then
    /usr/lib/qemu/virtiofsd --socket-path="$run/share.sock" -o source="$share" -o cache=auto \
        -o sandbox=chroot >"$run/virtiofsd.log" 2>&1 &
    pids+=($!)
    for ((i = 0; i < 250; i++)); do [ -S "$run/share.sock" ] && break; sleep 0.02; done
    # shellcheck disable=SC2054
    args+=(-object "memory-backend-memfd,id=ram,size=${memory}M,share=on,prealloc=$prealloc"
           -chardev "socket,id=share,path=$run/share.sock"
           -device vhost-user-fs-pci,chardev=share,tag=share)
    kargs+=' lab.share'
else
    args+=(-object "memory-backend-ram,id=ram,size=${memory}M,prealloc=$prealloc")
fi

# last_words CONSOLE: what a kernel that died said first, or the end of what it said.
last_words() {
    local said
    said=$(grep -m 1 -A 60 -E 'BUG:|Oops|general protection|kernel panic|PANIC' "$1" 2>/dev/null)
    if [ -n "$said" ]; then echo "$said"; else tail -n 20 "$1" 2>/dev/null || true; fi
}

# take_pulse: keeps the lab host's CPUs awake (host-pulse.py says how), and ends a lab host that does not answer any more.
# shellcheck disable=SC2317 # called below
take_pulse() {
    local answered=$SECONDS
    while sleep 0.5; do
        printf . >&"$pulse_in"
        if read -r -t 0.01 -n 1 <&"$pulse_out"; then answered=$SECONDS; fi
        if [ $((SECONDS - answered)) -gt $((90 * ${PATIENCE:-1})) ]; then
            echo "lab: the lab host has not answered for $((SECONDS - answered)) s; it is given up" >&2
            kill "$qemu_pid"
            break
        fi
    done
}
mkfifo "$run/pulse.in" "$run/pulse.out"
exec {pulse_in}<>"$run/pulse.in" {pulse_out}<>"$run/pulse.out"

# Through a fifo, since QEMU opens the path anew and must neither truncate nor seek our stdout.
mkfifo "$run/out"
cat "$run/out" &
out_pid=$!
pids+=("$out_pid")
: >"$run/status"
timeout --foreground -k 5 "$timeout" qemu-system-x86_64 "${args[@]}" -kernel "$host/vmlinuz" \
    -initrd "$run/initrd" -append "${kargs//$'\n'/ } $append" </dev/null 2>"$run/qemu.err" &
qemu_pid=$!
pids+=("$qemu_pid")
take_pulse &
pids+=($!)
qemu_status=0
wait "$qemu_pid" || qemu_status=$?
# QEMU that failed before it opened the fifo would leave cat waiting for a writer.
: 1<>"$run/out"
wait "$out_pid" || true
status=$(tr -dc 0-9 <"$run/status")
if [ -z "$status" ]; then
    if [ "$qemu_status" = 124 ]; then
        echo "lab: no end after $timeout s; the lab host was stopped" >&2
        status=124
    else
        echo "lab: the lab host ended without an exit status (QEMU: $qemu_status)" >&2
        status=125
    fi
    { grep -v "TCG doesn't support" "$run/qemu.err" || true; last_words "$run/console"; } >&2
fi
exit "$status"
