# Which cases a command line names. Sourced, never run.
# shellcheck shell=bash

# Whether NAME matches one of the patterns; without any, it does.
wanted() { # NAME [PATTERN...]
	local name=$1 pattern
	shift
	(($# == 0)) && return 0
	for pattern; do
		# shellcheck disable=SC2053
		[[ $name == $pattern ]] && return 0
	done
	return 1
}
