#!/bin/bash
# run.sh [--rounds N] [--mote FILE] [--only NAME,...] - TCP by iperf3 between a Debian guest and its host under mote and
# under QEMU's microvm machine, in one lab host, alternating, as a table of medians: on a tap with and without vhost, and
# through passt.
#   --rounds N    timed rounds; the medians are printed (5)
#   --mote FILE   the binary (default: build/release/vmm/cli/mote)
#   --only NAMES  of tap, vhost and passt (all)
# Speeds depend on the machine's load: compare rows of one run only. measure.py says what is measured and how.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
lab=$here/../../lab
repo=$(cd "$here/../../.." && pwd)
rounds=5 mote=$repo/build/release/vmm/cli/mote only=tap,vhost,passt
while [ $# -gt 0 ]; do
    case $1 in
    --rounds) rounds=$2; shift 2 ;;
    --mote) mote=$2; shift 2 ;;
    --only) only=$2; shift 2 ;;
    --help) sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"; exit ;;
    *) echo "run.sh: unknown option '$1'" >&2; exit 2 ;;
    esac
done
if [ ! -x "$mote" ]; then
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
"$lab/lab.sh" --guest --prealloc --memory 3072 --share "$share" --timeout $((600 + rounds * 120)) \
    -- "./measure.py $rounds $only" &
lab_pid=$!
wait "$lab_pid"
