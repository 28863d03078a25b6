#!/bin/bash
# run.sh [--rounds N] [--mote FILE] [--messages] - how much later a stock Debian's kernel starts when the loader finds
# it on the disk, a logical volume with GRUB's configuration, than with --kernel on the same files; and what the loader
# reads for that. In one lab host, alternating, as a table with the aims.
#   --rounds N    timed rounds; the medians are printed (15)
#   --mote FILE   the binary (default: build/release/vmm/cli/mote)
#   --messages    also print what one start of each says with --verbose, and when
# Times depend on the machine's load: compare rows of one run only. measure.py says what is measured and how.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../../.." && pwd)
# shellcheck source=test/bench/in-lab.sh
. "$here/../in-lab.sh"
rounds=15 mote=$repo/build/release/vmm/cli/mote messages=''
while [ $# -gt 0 ]; do
    case $1 in
    --rounds) rounds=$2; shift 2 ;;
    --mote) mote=$2; shift 2 ;;
    --messages) messages=messages; shift ;;
    --help) sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"; exit ;;
    *) echo "run.sh: unknown option '$1'" >&2; exit 2 ;;
    esac
done
in_lab "$mote" "$rounds" --memory 2048 --disk 2G --timeout $((300 + rounds * 60)) \
    -- "$here/measure.py" "$here/../results.py" "$here/../vmm.py" "$repo/test/lab/cases/debian-grub.cfg" \
    -- "./measure.py $rounds $messages"
