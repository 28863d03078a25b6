# The lab's cache: each entry is a folder named KIND-KEY, where KEY is a hash of everything that
# determines its content. An entry is built in a folder of its own and renamed into place, so it is
# whole or absent; a lock per kind keeps two builds of one kind apart. Sourced, never run.
# shellcheck shell=bash

LAB_CACHE=${MOTE_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mote-lab}
LAB_CACHE_KEEP=2

# cache_key WORD...: hash of the words; a word that starts with @ stands for that file's (or
# folder's) content.
cache_key() {
    local word
    for word in "$@"; do
        case $word in
        @*) find "${word#@}" -type f -print0 | sort -z | xargs -0 sha256sum | cut -d' ' -f1 ;;
        *) printf '%s\n' "$word" ;;
        esac
    done | sha256sum | cut -c1-16
}

# cache_entry KIND KEY BUILDER [ARG...]: prints the entry's folder. When it is not there, it is made
# first by running BUILDER ARG... FOLDER with its output on stderr.
cache_entry() {
    local kind=$1 entry=$LAB_CACHE/$1-$2 lock fresh start=$SECONDS
    shift 2
    if [ ! -d "$entry" ]; then
        mkdir -p "$LAB_CACHE"
        exec {lock}>"$LAB_CACHE/.lock-$kind"
        flock -n "$lock" || { echo "lab: waiting for another build of $kind" >&2; flock "$lock"; }
        if [ ! -d "$entry" ]; then
            rm -rf "$LAB_CACHE/.new-$kind"
            fresh=$LAB_CACHE/.new-$kind
            mkdir "$fresh"
            echo "lab: making $kind (once; kept in $entry)" >&2
            # The builder must not hold the lock in a process that outlives it.
            if ! "$@" "$fresh" {lock}>&- >&2; then
                rm -rf "$fresh"
                echo "lab: making $kind failed" >&2
                return 1
            fi
            mv -T "$fresh" "$entry"
            echo "lab: $kind made in $((SECONDS - start)) s" >&2
            cache_prune "$kind" "$entry"
        fi
        exec {lock}>&-
    fi
    touch "$entry"
    echo "$entry"
}

# cache_prune KIND ENTRY: keeps ENTRY and the LAB_CACHE_KEEP other entries of this kind that were used last.
cache_prune() {
    find "$LAB_CACHE" -mindepth 1 -maxdepth 1 -type d -name "$1-????????????????" ! -path "$2" \
        -printf '%T@ %p\n' | sort -rn | tail -n "+$((LAB_CACHE_KEEP + 1))" | cut -d' ' -f2- |
        xargs -r rm -rf
}
