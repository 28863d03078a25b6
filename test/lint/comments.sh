#!/bin/bash
# comments.sh - each header begins with its purpose, and each function in it is explained: by a comment above
# it or above the declarations that it follows without a blank line, or by one behind it. A name whose ending has a
# fixed meaning (_init and _fini, _create and _destroy, _open and _close) speaks for itself, and so does an inline
# function, whose body stands there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
# shellcheck source=files.sh
. "$here/files.sh"
headers | grep -E '^(vmm|devices|virtio)/' | xargs awk '
    FNR == 1 {
        explained = 0; depth = 0; comment = 0; pending = ""
        if ($0 !~ /^\/\*/) { print FILENAME ": does not begin with its purpose"; bad = 1 }
    }
    comment { if (/\*\//) { comment = 0; explained = 1 }; next }
    /^\/\*/ { if (/\*\//) explained = 1; else comment = 1; next }
    /^[[:space:]]*$/ && depth == 0 && pending == "" { explained = 0; next }
    /^#/ { next }
    {
        if (depth == 0 && pending == "" && /^[a-z_][^={]*\(/ && !/^(typedef|_Static_assert|extern)/) pending = $0
        else if (pending != "") pending = pending " " $0
        if (pending != "" && (/[;{][[:space:]]*(\/\*.*)?$/)) {
            text = pending
            if (text ~ /\/\*/) explained = 1
            gsub(/__attribute__\(\([^;]*\)\)\)? /, "", text)
            name = text; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
            if (!explained && text !~ /^static inline/ && name !~ /_(init|fini|create|destroy|open|close)$/) {
                print FILENAME ":" FNR ": " name "() is not explained"; bad = 1
            }
            pending = ""
        }
        depth += gsub(/\{/, "{") - gsub(/\}/, "}")
    }
    END { exit bad }'
