# shellcheck shell=bash disable=SC2034,SC2154
# A guest that breaks every rule: its devices ask for a reset, the machine lives, and mote stays calm.

hostile() { # ENGINE
	make_disk disk
	check hostile --disk "disk,engine=$1,queues=2"
	# What a guest can make mote log is limited.
	(($(wc -l <err) < 100))
}

case_hostile_io_uring() {
	hostile io_uring
}

case_hostile_aio() {
	hostile aio
}

case_hostile_thread() {
	hostile thread
}
