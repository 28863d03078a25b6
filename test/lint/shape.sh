#!/bin/bash
# shape.sh - files are small and named after one duty; every source is built; no notes to self.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
# shellcheck source=files.sh
. "$here/files.sh"
max_lines=800
bad=0
complain() { echo "$*"; bad=1; }

while read -r file; do
    lines=$(wc -l <"$file")
    [ "$lines" -le "$max_lines" ] || complain "$file: $lines lines: split it (at most $max_lines)"
done < <(c_files; scripts)

while read -r file; do
    # A measuring program's source has the program's name.
    [[ ${file##*/} =~ ^[a-z0-9_]+\.[ch]$ || $file == test/bench/* ]] || complain "$file: C files are named with a-z, 0-9 and _"
    [[ $file != */util* ]] || complain "$file: a file is named after what it does"
done < <(c_files)
while read -r file; do
    [[ ${file##*/} =~ ^[a-z0-9][a-z0-9._-]*$ ]] || complain "$file: scripts are named with a-z, 0-9, '.', '-' and '_'"
    [[ $(head -c 2 "$file") != '#!' || -x $file ]] || complain "$file: has a #! line but is not executable"
done < <(scripts)

# A source that the build does not name is never compiled. Fuzz targets are only in the build with clang, so for
# them it is the lists that count.
cmake --preset debug >/dev/null || complain "cmake --preset debug fails"
while read -r file; do
    grep -qF "/$file\"" build/debug/compile_commands.json || complain "$file: is in no CMake list"
done < <(product_sources; lint_find -path 'test/unit/*.c')
while read -r file; do
    name=${file##*/}
    cat test/fuzz/*.cmake | grep -qwE "$name|${name%.c}|$(sed 's/^fuzz_//; s/\.c$//' <<<"$name")" || complain "$file: is in no CMake list"
done < <(lint_find -path 'test/fuzz/*.c')

while read -r file; do
    [[ $file == test/lint/* ]] && continue
    if grep -nE '\b(TODO|FIXME|XXX)\b' "$file"; then complain "$file: notes to self belong elsewhere"; fi
done < <(c_files; scripts)

# Only the command line ends the process, and the janitor and the sandbox their own; nothing that a guest, a file or a peer supplied may.
while read -r file; do
    [[ $file == vmm/cli/* || $file == vmm/host/janitor_serve.c || $file == vmm/boot/sandbox.c ]] && continue
    if grep -nE '(^|[^_[:alnum:]])(exit|_exit|abort|errx?|perror)[[:space:]]*\(' "$file" | grep -vE ':[[:space:]]*(/?\*|//)'; then
        complain "$file: errors go up as a negative errno"
    fi
done < <(product_sources)
exit "$bad"
