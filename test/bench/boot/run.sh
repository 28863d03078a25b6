#!/bin/bash
# run.sh [--rounds N] [--mote FILE] [--stand-in] - how fast a Debian kernel starts under mote and under QEMU's
# microvm machine in its best set-up, in one lab host, alternating, as a table with the ratios aimed at.
#   --rounds N    timed rounds; the medians are printed (7)
#   --mote FILE   the binary (default: build/release/vmm/cli/mote)
#   --stand-in    QEMU behind mote's command line in mote's place, to try the bench itself
# Same Debian kernel, small initrd, 1 vCPU, 256 MiB. Times depend on the machine's load: compare columns
# of one run only. measure.py says what is measured and how.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
lab=$here/../../lab
repo=$(cd "$here/../../.." && pwd)
rounds=7 mote='' stand_in=0
while [ $# -gt 0 ]; do
    case $1 in
    --rounds) rounds=$2; shift 2 ;;
    --mote) mote=$2; shift 2 ;;
    --stand-in) stand_in=1; shift ;;
    --help) sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"; exit ;;
    *) echo "run.sh: unknown option '$1'" >&2; exit 2 ;;
    esac
done
if [ "$stand_in" = 1 ]; then
    mote=$lab/stand-in.sh
elif [ -z "$mote" ]; then
    mote=$repo/build/release/vmm/cli/mote
fi
if [ -z "$mote" ] || [ ! -x "$mote" ]; then
    echo "run.sh: no mote binary: build it, or name it with --mote" >&2
    exit 1
fi
share=$(mktemp -d "${TMPDIR:-/tmp}/mote-bench.XXXXXX")
lab_pid=
trap '[ -z "$lab_pid" ] || kill "$lab_pid" 2>/dev/null; rm -rf "$share"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cp "$here/measure.py" "$share/"
cp "$mote" "$share/mote"
echo "bench: $(basename "$mote"), $rounds rounds, in a lab host of two emulated CPUs"
"$lab/lab.sh" --guest --prealloc --memory 2048 --share "$share" --timeout $((900 + rounds * 240)) -- "./measure.py $rounds" &
lab_pid=$!
wait "$lab_pid"
