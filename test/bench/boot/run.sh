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
# shellcheck source=test/bench/in-lab.sh
. "$here/../in-lab.sh"
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
in_lab "$mote" "$rounds" --memory 2048 --timeout $((900 + rounds * 240)) -- "$here/measure.py" -- "./measure.py $rounds"
