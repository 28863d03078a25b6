# What the cases are written with. Sourced by run.sh, which sets mote, guests, tools and work.
# shellcheck shell=bash disable=SC2154

sectors=32768

make_disk() { # FILE [SECTORS [FIRST]]
	python3 "$tools/number-sectors.py" "$1" "${2:-$sectors}" "${3:-0}"
}

# start STATUS ARGUMENT...: mote run with no input must end with STATUS within a minute, or `patience` seconds. Its
# standard output is in the file out, its messages in err; both are shown, for the log of a case that fails.
start() {
	local expected=$1 status=0
	shift
	timeout -s KILL "${patience:-60}" "$mote" run "$@" </dev/null >out 2>err || status=$?
	cat out err
	if ((status != expected)); then
		echo "exit status $status, not $expected: mote run $*"
		return 1
	fi
}

# check TESTS [ARGUMENT...]: the guest's tests all pass. Options for the guest are in the variable `say`.
check() {
	local tests=$1
	shift
	start 0 --kernel "${kernel:-$guests/tests.elf}" --append "test=$tests ${say-}" "$@"
	grep -Eq '^guest: [1-9][0-9]* passed, 0 failed' out
}

# refused TEXT ARGUMENT...: exit status 125, one line on standard error that holds TEXT, and nothing else.
refused() {
	local text=$1
	shift
	start 125 "$@"
	[[ $(wc -l <err) == 1 ]] || {
		echo "not one line of explanation"
		return 1
	}
	grep -Eiq -- "$text" err || {
		echo "no '$text' in the explanation"
		return 1
	}
	[[ ! -s out ]]
}

# Waits up to 20 s for TEXT in FILE.
wait_for() { # TEXT FILE
	local i
	for ((i = 0; i < 400; i++)); do
		grep -q -- "$1" "$2" 2>/dev/null && return 0
		sleep 0.05
	done
	echo "no '$1' in $2"
	return 1
}
