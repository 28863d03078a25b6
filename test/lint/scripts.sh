#!/bin/bash
# scripts.sh - shellcheck has nothing to say about the shell scripts.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
# shellcheck source=files.sh
. "$here/files.sh"
check=(shellcheck -x --source-path=SCRIPTDIR --severity=warning)
# Left out everywhere: SC2034 (what a sourced file sets is used elsewhere), SC2054 (QEMU's options have commas), SC2187
# (busybox sh is checked as dash). In files without a #! line, which are sourced by bash: SC2154 (and use what was set).
bad=0
scripts | while read -r file; do if head -n 1 "$file" | grep -q '^#!'; then echo "$file"; fi; done |
    xargs -r "${check[@]}" -e SC2034,SC2054,SC2187 || bad=1
scripts | while read -r file; do head -n 1 "$file" | grep -q '^#!' || echo "$file"; done |
    xargs -r "${check[@]}" -s bash -e SC2034,SC2054,SC2154 || bad=1
exit "$bad"
