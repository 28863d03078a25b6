#!/bin/bash
# run.sh [OPTION...] - how fast a guest's network is on a tap under mote and under QEMU, as tables with the ratios aimed
# at. Everything happens in a network namespace of its own, which goes with it.
#   --rounds N    timed rounds; the medians are printed (5)
#   --quick       three rounds of 0.3 s a row
#   --rows REGEX  only rows whose name matches
#   --mote FILE   the binary (default: build/release/vmm/cli/mote)
#   --guests DIR  where the bench guest is built (default: build/release/test/guest)
#   --peer FILE   the frames' other end (default: build/release/test/kvm/net/net-peer)
#   --net OPTS    more options for mote's --net
#   --json FILE   also leave every figure of every round there
# Needs root, /dev/kvm, /dev/net/tun, iproute2 and qemu-system-x86_64. measure.py says what is measured and how.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
case ${1-} in
--help) sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$here/run.sh"; exit ;;
esac
exec unshare -n python3 -B "$here/measure.py" "$@"
