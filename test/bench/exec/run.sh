#!/bin/bash
# run.sh [ROUNDS]: how long mote takes from exec to the first byte that a guest writes, beside what KVM itself takes
# for a VM of the same shape, alternating. Prints a table. MOTE and GUESTS choose what is measured; without them the
# release build's.
set -eu
cd "$(dirname "$0")/../../.."

rounds=${1:-101}
mote=${MOTE:-build/release/vmm/cli/mote}
guests=${GUESTS:-build/release/test/guest}
for file in "$mote" "$guests/hello.elf"; do
	if [[ ! -f $file ]]; then
		echo "run.sh: no '$file': build the release preset first, or set MOTE and GUESTS" >&2
		exit 1
	fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache XDG_RUNTIME_DIR=$work/run
mkdir -p "$XDG_CACHE_HOME" "$XDG_RUNTIME_DIR"

cc=${CC:-cc}
"$cc" -std=gnu17 -O2 -Wall -Wextra -static -o "$work/kvm-floor" test/bench/exec/kvm-floor.c
"$cc" -std=gnu17 -O2 -Wall -Wextra -o "$work/exec-to-byte" test/bench/exec/exec-to-byte.c
cp "$mote" "$work/mote"
strip "$work/mote"
"$work/exec-to-byte" "$rounds" "$work/kvm-floor" "$work/mote" "$guests/hello.elf"
