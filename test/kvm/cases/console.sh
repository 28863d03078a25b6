# shellcheck shell=bash disable=SC2034,SC2154
# The user's terminal and the guest's two kinds of console.

on_terminal() {
	python3 "$tools/on-terminal.py" "$@" | tr -d '\r' >out
	cat out
}

case_serial_registers() {
	check serial.registers
}

case_serial_echo_polled() {
	on_terminal ready 'hello.' -- "$mote" run --kernel "$guests/tests.elf" --append test=serial.polled_echo
	grep -q '^hello\.' out && grep -q '^status 0' out && grep -q '^terminal restored' out
}

case_serial_echo_by_interrupt() {
	on_terminal ready 'hello.' -- "$mote" run --kernel "$guests/tests.elf" --append test=serial.interrupt_echo
	grep -q '^hello\.' out && grep -q '1 passed, 0 failed' out && grep -q '^status 0' out
}

# More at once than a 16550's FIFO holds: none of it is lost.
case_serial_echo_of_a_paste() {
	local text
	text=$(printf 'line-%03d-' {1..60})
	on_terminal ready "$text." -- "$mote" run --kernel "$guests/tests.elf" --append test=serial.interrupt_echo
	grep -qF "$text." out && grep -q '^status 0' out
}

case_virtio_console() {
	start 0 --kernel "$guests/tests.elf" --console hvc --append test=console.says_hello
	grep -q '^console says hello' out && (($(tr -cd x <out | wc -c) == 65535)) && grep -q '^console done' out
}

case_virtio_console_echo() {
	on_terminal ready 'hello.' -- "$mote" run --kernel "$guests/tests.elf" --console hvc --append test=console.echo
	grep -q '^hello\.' out && grep -q '^console done' out && grep -q '^terminal restored' out
}

case_no_console() {
	start 0 --kernel "$guests/tests.elf" --console none --append test=cpu
	[[ ! -s out ]]
}

case_escape_key_ends_it() {
	on_terminal ready '\x1dq' -- "$mote" run --kernel "$guests/tests.elf" --append test=serial.interrupt_echo
	grep -q '^status 130' out && grep -q '^terminal restored' out
}

case_terminal_restored_after_sigkill() {
	on_terminal ready SIGNAL:9 -- "$mote" run --kernel "$guests/tests.elf" --append test=serial.interrupt_echo
	grep -q '^status -9' out && grep -q '^terminal restored' out
}

case_terminal_restored_after_a_panic() {
	on_terminal -- "$mote" run --kernel "$guests/tests.elf" --append test=power.panic
	grep -q '^status 123' out && grep -q '^terminal restored' out
}

case_terminal_untouched_by_a_failure() {
	on_terminal -- "$mote" run --kernel /nonexistent
	grep -q '^status 125' out && grep -q '^terminal restored' out
}
