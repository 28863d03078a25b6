# How a test script runs its cases, which are functions called case_NAME. Sourced, never run.
# shellcheck shell=bash

# newest FILE...: the newest of those that exist.
newest() {
	# shellcheck disable=SC2012
	ls -t "$@" 2>/dev/null | head -n 1
}

# choose_cases [PATTERN...]: puts the cases that fit a name or a pattern such as 'disk_*' into `cases`; without one, all. Ends
# the script for --list, which lists them, and for a name that fits none.
choose_cases() {
	local all fit name pattern
	mapfile -t all < <(declare -F | sed -n 's/^declare -f case_//p')
	(($# > 0)) || set -- '*'
	cases=()
	for pattern; do
		if [[ $pattern == --list ]]; then
			printf '%s\n' "${all[@]}"
			exit 0
		fi
		fit=0
		for name in "${all[@]}"; do
			# shellcheck disable=SC2053 # a pattern
			[[ $name == $pattern ]] || continue
			fit=1
			[[ " ${cases[*]} " == *" $name "* ]] || cases+=("$name")
		done
		if ((!fit)); then
			echo "run.sh: no case is called '$pattern'; --list lists them" >&2
			exit 2
		fi
	done
}

# skip WHY: ends a case, neither passed nor failed.
skip() {
	echo "skipped: $*"
	exit 77
}

# skip_all WHY: ends the script.
skip_all() {
	echo "SKIP all: $*"
	echo "0 passed, 0 failed, ${#cases[@]} skipped"
	exit 0
}

# run_cases FOLDER: each in a subshell, and a folder of its own in there. It fails by returning non-zero.
# Prints a verdict a case, what a failed one said indented behind it, and the line with the counts; the status is 0 if none
# failed.
run_cases() {
	local name log start status passed=0 failed=0 skipped=0
	for name in "${cases[@]}"; do
		log=$1/$name.log start=$SECONDS
		mkdir "$1/$name"
		(
			trap kill_jobs EXIT
			cd "$1/$name" && set -e && "case_$name"
		) >"$log" 2>&1
		status=$?
		case $status in
		0)
			passed=$((passed + 1))
			echo "ok $name ($((SECONDS - start)) s)"
			;;
		77)
			skipped=$((skipped + 1))
			echo "SKIP $name: $(sed -n 's/^skipped: //p' "$log" | tail -n 1)"
			;;
		*)
			failed=$((failed + 1))
			echo "FAIL $name ($((SECONDS - start)) s)"
			sed 's/^/    /' "$log"
			;;
		esac
		rm -rf "${1:?}/$name"
	done
	echo "$passed passed, $failed failed, $skipped skipped"
	((failed == 0))
}

# What a case has left running.
kill_jobs() {
	local pid
	for pid in $(jobs -p); do
		kill -KILL "$pid" || true
	done
}
