# The part that benches in a lab host have in common. Sourced by their run.sh.
# shellcheck shell=bash

# in_lab MOTE ROUNDS OPTION... -- FILE... -- COMMAND: runs the command in a lab host, started with these options of
# lab.sh, where the files and the binary, as mote, are in its working directory.
in_lab() {
    local mote=$1 rounds=$2 options=() files=()
    shift 2
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    while [ "$1" != -- ]; do files+=("$1"); shift; done
    shift
    if [ ! -x "$mote" ]; then
        echo "run.sh: no mote binary: build it, or name it with --mote" >&2
        exit 1
    fi
    share=$(mktemp -d "${TMPDIR:-/tmp}/mote-bench.XXXXXX")
    lab_pid=
    trap '[ -z "$lab_pid" ] || kill "$lab_pid" 2>/dev/null; rm -rf "$share"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    cp "${files[@]}" "$(dirname "${BASH_SOURCE[0]}")/held-vm.py" "$share/"
    cp "$mote" "$share/mote"
    echo "bench: $(basename "$mote"), $rounds rounds, in an emulated lab host"
    "$(dirname "${BASH_SOURCE[0]}")/../lab/lab.sh" --guest --prealloc --share "$share" "${options[@]}" -- \
        "read -r _ < <(./held-vm.py) && $1" &
    lab_pid=$!
    wait "$lab_pid"
}
