#!/bin/bash
# man.sh - the manual pages are well formed, and name every option and exit status that mote has.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
bad=0
mandoc -Tlint -Wwarning doc/*.[13] || bad=1
while read -r option; do
    grep -qE "\\.(It )?Fl Fl ${option//-/\\\\?-}\b" doc/mote-run.1 || { echo "doc/mote-run.1: --$option is missing"; bad=1; }
    grep -qe "--$option" vmm/cli/help.c || { echo "vmm/cli/help.c: --$option is missing"; bad=1; }
done < <(sed -nE 's/^[[:space:]]*\{ "([a-z-]+)", (required|no)_argument.*/\1/p' vmm/cli/run_options.c)
while read -r key; do
    grep -qE "^\.It Cm $key\b" doc/mote-run.1 || { echo "doc/mote-run.1: the option $key of --disk or --net is missing"; bad=1; }
    grep -qE "\"      $key\b" vmm/cli/help.c || { echo "vmm/cli/help.c: the option $key of --disk or --net is missing"; bad=1; }
done < <(sed -nE 's/^[[:space:]]*\{ "([a-z-]+)", set_.*/\1/p' vmm/cli/disk_keys.c vmm/cli/net_keys.c)
while read -r status; do
    grep -qE "^\.It $status\b" doc/mote-run.1 || { echo "doc/mote-run.1: exit status $status is missing"; bad=1; }
done < <(sed -nE 's/.*EXIT_STATUS_[A-Z]+ = ([0-9]+).*/\1/p' vmm/cli/exit_status.h)
while read -r function; do
    grep -qE "^\.(Fn|Fo) $function\b" doc/libmote.3 || { echo "doc/libmote.3: $function is missing"; bad=1; }
done < <(grep -oE '\bmote_[a-z_]+\(' vmm/include/mote.h | tr -d '(' | sort -u)
exit "$bad"
