# shellcheck shell=bash disable=SC2034,SC2154
# How a machine ends, and what mote's exit status says of it.

end() { # NAME STATUS
	start "$2" --kernel "$guests/tests.elf" --append "test=power.$1"
	grep -q "^power.$1: goes" out
}

case_power_off() {
	end off 0
}

case_reboot() {
	end reset 0
}

case_reboot_by_keyboard_controller() {
	end keyboard 0
}

case_triple_fault() {
	end triple_fault 0
}

case_panic() {
	end panic 123
}

case_power_button() {
	local pid status=0
	"$mote" run --kernel "$guests/tests.elf" --append test=power.button </dev/null >out 2>err &
	pid=$!
	wait_for ready out
	kill "$pid"
	wait "$pid" || status=$?
	cat out err
	grep -q 'pressed ok' out
	((status == 0))
}

case_interrupt_signal_twice_ends_it() {
	local pid
	make_disk disk
	"$mote" run --kernel "$guests/tests.elf" --append test=disks.counts_for_ever --disk disk </dev/null >out 2>err &
	pid=$!
	wait_for 'durable 3' out
	kill "$pid"
	sleep 0.2
	kill "$pid" 2>/dev/null || true
	status=0
	wait "$pid" || status=$?
	cat err
	((status == 130))
}
