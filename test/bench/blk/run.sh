#!/bin/bash
# run.sh [OPTION...] - how fast a guest's disk is under mote and under QEMU, beside fio on the same file without a VM,
# as tables with the ratios aimed at.
#   --rounds N    timed rounds; the medians are printed (5)
#   --quick       three rounds of 0.3 s a row, the main rows only
#   --rows REGEX  only rows whose name matches
#   --size SIZE   of the disk (1G)
#   --dir DIR     where its file lies: the device that is measured (default: $TMPDIR or /tmp)
#   --formats     mote's qcow2 and overlay disks as a ratio to raw, instead of mote against QEMU
#   --mote FILE   the binary (default: build/release/vmm/cli/mote)
#   --guest FILE  the bench guest (default: build/release/test/guest/bench.elf)
#   --disk OPTS   more options for mote's --disk, such as poll=off
#   --json FILE   also leave every figure of every round there
# Needs /dev/kvm, fio and qemu-system-x86_64. measure.py says what is measured and how.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
case ${1-} in
--help) sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$here/run.sh"; exit ;;
esac
exec python3 -B "$here/measure.py" "$@"
