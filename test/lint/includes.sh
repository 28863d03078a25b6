#!/bin/bash
# includes.sh - every #include "..." is root-relative, exists, and follows an arrow of `layers`; a .c file
# includes its own header first; each exception is still needed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
# shellcheck source=files.sh
. "$here/files.sh"

sources=$(c_files)
# shellcheck disable=SC2086 # one word a file
grep -Hn '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' $sources |
    sed -E 's/^([^:]+):([0-9]+):[^"]*"([^"]+)".*/\1 \2 \3/' |
    awk -v layers="$here/layers" -v exceptions="$here/exceptions" '
    function matches(path, pattern,    re) {
        if (path == pattern || index(path, pattern "/") == 1) return 1
        re = pattern
        gsub(/\./, "\\.", re); gsub(/\*/, "[^/]*", re)
        return path ~ ("^" re "$")
    }
    function room_of(file,    dir) {
        dir = file
        while (sub(/\/[^\/]*$/, "", dir)) if (dir in allowed) return dir
        return ""
    }
    function complain(text) { print file ":" line ": " text; bad = 1 }
    BEGIN {
        while ((getline text < layers) > 0) {
            if (text ~ /^#/ || text !~ /:/) continue
            room = text; sub(/:.*/, "", room); sub(/^[^:]*:/, "", text)
            allowed[room] = text
        }
        while ((getline text < exceptions) > 0) {
            if (text ~ /^#/ || text !~ /[^ ]/) continue
            n = split(text, words, " ")
            if (n < 3) { print "exceptions: no reason: " text; bad = 1 }
            excepted[words[1] " " words[2]] = 1
        }
    }
    {
        file = $1; line = $2; header = $3
        if (!(file in own)) {
            own[file] = file; sub(/\.c$/, ".h", own[file])
            if (file ~ /\.c$/ && system("test -f " own[file]) == 0 && header != own[file])
                complain("its own header, " own[file] ", is not included first")
        }
        if (system("test -f " header) != 0) { complain("\"" header "\" is not a file, seen from the root"); next }
        room = room_of(file)
        if (room == "") { complain("is in no room of layers"); next }
        if (room_of(header) == room) next
        n = split(allowed[room], may, " ")
        for (i = 1; i <= n; i++) if (matches(header, may[i])) next
        if ((file " " header) in excepted) { used[file " " header] = 1; next }
        complain(room " may not include " header)
    }
    END {
        for (pair in excepted) if (!(pair in used)) { print "exceptions: not needed any more: " pair; bad = 1 }
        exit bad
    }'
