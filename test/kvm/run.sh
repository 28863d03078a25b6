#!/bin/bash
# run.sh [CASE...]: starts the real mote with bare-metal guests and compares what they say and how it ends.
#
# CASE is a name or a pattern such as 'disk_*'; without one, all run. --list lists them. MOTE and GUESTS name the binary
# and the folder of the guests' ELF files; without them the newest build under build/ is taken.
set -u
cd "$(dirname "$0")/../.." || exit 1
here=test/kvm

# shellcheck source=test/cases.sh
. test/cases.sh
mote=${MOTE:-$(newest build/*/vmm/cli/mote)}
guests=${GUESTS:-$(dirname "$(newest build/*/test/guest/tests.elf)")}

# shellcheck source=test/kvm/lib.sh
. "$here/lib.sh"
for file in "$here"/cases/*.sh; do
	# shellcheck disable=SC1090
	. "$file"
done
choose_cases "$@"

if [[ ! -x $mote || ! -f $guests/tests.elf ]]; then
	echo "run.sh: no mote or no guests: build first, or set MOTE and GUESTS (found '$mote', '$guests')" >&2
	exit 1
fi
if [[ ! -w /dev/kvm ]]; then
	skip_all '/dev/kvm is not there or not writable'
fi
mote=$(realpath "$mote")
guests=$(realpath "$guests")
tools=$(realpath "$here")
work=$(mktemp -d "${TMPDIR:-/tmp}/mote-kvm-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache XDG_RUNTIME_DIR=$work/run
mkdir -p "$XDG_CACHE_HOME" "$XDG_RUNTIME_DIR"

run_cases "$work"
