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
repo=$(cd "$here/../../.." && pwd)
# shellcheck source=test/bench/in-lab.sh
. "$here/../in-lab.sh"
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
in_lab "$mote" "$rounds" --cpus 1 --memory 3072 --timeout $((600 + rounds * 120)) -- "$here/measure.py" -- "./measure.py $rounds $only"
