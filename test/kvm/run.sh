#!/bin/bash
# run.sh [CASE...]: starts the real mote with bare-metal guests and compares what they say and how it ends.
#
# CASE is a name or a pattern such as 'disk_*'; without one, all run. --list lists them. MOTE and GUESTS name the binary
# and the folder of the guests' ELF files; without them the newest build under build/ is taken.
set -u
cd "$(dirname "$0")/../.." || exit 1
here=test/kvm

newest() { # the newest of the files that exist
	# shellcheck disable=SC2012
	ls -t "$@" 2>/dev/null | head -n 1
}
mote=${MOTE:-$(newest build/*/vmm/cli/mote)}
guests=${GUESTS:-$(dirname "$(newest build/*/test/guest/tests.elf)")}

# shellcheck source=test/kvm/lib.sh
. "$here/lib.sh"
for file in "$here"/cases/*.sh; do
	# shellcheck disable=SC1090
	. "$file"
done
mapfile -t all < <(declare -F | sed -n 's/^declare -f case_//p')
if [[ ${1-} == --list ]]; then
	printf '%s\n' "${all[@]}"
	exit 0
fi

if [[ ! -x $mote || ! -f $guests/tests.elf ]]; then
	echo "run.sh: no mote or no guests: build first, or set MOTE and GUESTS (found '$mote', '$guests')" >&2
	exit 1
fi
if [[ ! -w /dev/kvm ]]; then
	echo "SKIP all: /dev/kvm is not there or not writable"
	echo "0 passed, 0 failed, ${#all[@]} skipped"
	exit 0
fi
mote=$(realpath "$mote")
guests=$(realpath "$guests")
tools=$(realpath "$here")
work=$(mktemp -d "${TMPDIR:-/tmp}/mote-kvm-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache XDG_RUNTIME_DIR=$work/run
mkdir -p "$XDG_CACHE_HOME" "$XDG_RUNTIME_DIR"

passed=0 failed=0 skipped=0
for name in "${all[@]}"; do
	wanted "$name" "$@" && run_case "$name"
done
printf '%d passed, %d failed' "$passed" "$failed"
((skipped > 0)) && printf ', %d skipped' "$skipped"
echo
if ((passed + failed + skipped == 0)); then
	echo "run.sh: no case is called '$*'; --list lists them" >&2
	exit 1
fi
((failed == 0))
