#!/bin/bash
# run.sh [CHECK...] - all lint checks, or those named: includes headers comments format shape scripts man tidy.
# Ends with "N passed, N failed".
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- includes headers comments format shape scripts man tidy
passed=0 failed=0
for check in "$@"; do
    if [ ! -x "$here/$check.sh" ]; then
        echo "lint: there is no check '$check'" >&2
        exit 2
    fi
    start=$SECONDS
    if output=$("$here/$check.sh" 2>&1); then
        passed=$((passed + 1))
        echo "ok $check ($((SECONDS - start)) s)"
    else
        failed=$((failed + 1))
        echo "FAIL $check ($((SECONDS - start)) s)"
        printf '%s\n' "$output" | sed 's/^/    /'
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
