#!/bin/bash
# tidy.sh [BUILD] - clang-tidy has nothing to say about the product, with the checks of .clang-tidy. BUILD is
# a configured build folder with compile_commands.json (default: build/debug).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
# shellcheck source=files.sh
. "$here/files.sh"
build=${1:-build/debug}
if [ "$build" = build/debug ]; then cmake --preset debug >/dev/null; fi
product_sources | xargs -n 2 -P "$(nproc)" clang-tidy --quiet --warnings-as-errors='*' -p "$build" 2>&1 |
    { grep -Ev '^[0-9]+ warnings? generated|^Suppressed |^Use -header-filter' || true; }
