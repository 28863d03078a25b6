#!/bin/bash
# headers.sh - each header compiles alone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
# shellcheck source=files.sh
. "$here/files.sh"
bad=0
while read -r header; do
    # -Wno-unused: a static helper that nobody calls here is what a header is for.
    printf '#include "%s"\n' "$header" |
        "${CC:-cc}" -std=gnu17 -D_GNU_SOURCE -I. -Wall -Wextra -Werror -Wno-unused-function -Wno-unused-variable \
            -Wno-unused-const-variable -fsyntax-only -x c - || bad=1
done < <(hosted_headers)
exit "$bad"
