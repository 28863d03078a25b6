#!/bin/bash
# run.sh [CASE...]: disk formats against QEMU's tools: images that qemu-img made under random requests, what we wrote
# read by QEMU, and kills at random moments.
#
# CASE is a name or a pattern such as 'kill*'; without one, all run. --list lists them. WORKLOAD and CRASH name the two
# programs; without them the newest build under build/ is taken. Needs qemu-img and qemu-io (qemu-utils), and openssl.
set -u
cd "$(dirname "$0")/../.." || exit 1
here=test/formats

# shellcheck source=test/cases.sh
. test/cases.sh
workload=${WORKLOAD:-$(newest build/*/test/formats/formats-workload)}
crash=${CRASH:-$(newest build/*/test/formats/formats-crash)}

# shellcheck source=test/formats/lib.sh
. "$here/lib.sh"
# shellcheck source=test/formats/cases.sh
. "$here/cases.sh"
# shellcheck source=test/formats/cases_overlay.sh
. "$here/cases_overlay.sh"
choose_cases "$@"
if [[ ! -x $workload || ! -x $crash ]]; then
	echo "run.sh: no programs: build first, or set WORKLOAD and CRASH (found '$workload', '$crash')" >&2
	exit 1
fi
if ! command -v qemu-img qemu-io openssl >/dev/null; then
	skip_all 'qemu-img, qemu-io or openssl is not there'
fi
workload=$(realpath "$workload")
crash=$(realpath "$crash")
# Not in a tmpfs: it has no O_DIRECT.
work=$(mktemp -d "${TMPDIR:-/var/tmp}/mote-formats-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

run_cases "$work"
