# shellcheck shell=bash disable=SC2034,SC2154
# virtio-blk on files, with every engine, and what remains on them.

engines() { # those that this host permits
	local engine
	for engine in io_uring aio thread; do
		case $engine in
		io_uring) [[ $(cat /proc/sys/kernel/io_uring_disabled 2>/dev/null || echo 0) == 0 ]] || continue ;;
		esac
		echo "$engine"
	done
}

blk_on() { # ENGINE [OPTION]
	make_disk disk
	say="sectors=$sectors serial=mote-1"
	check blk --disk "disk,serial=mote-1,engine=$1${2:+,$2}"
}

case_disk_io_uring() {
	engines | grep -q io_uring || skip "io_uring is refused on this host"
	blk_on io_uring
}

case_disk_aio() {
	blk_on aio
}

case_disk_thread() {
	blk_on thread
}

case_disk_direct() {
	local engine
	for engine in $(engines); do
		blk_on "$engine" cache=direct
	done
}

case_disk_without_discard() {
	blk_on io_uring discard=off
}

case_disk_interrupts() {
	local engine
	for engine in $(engines); do
		make_disk "disk-$engine"
		say="queues=2"
		check interrupt --disk "disk-$engine,engine=$engine,queues=2" --cpus 2
	done
}

case_disk_queues() {
	make_disk disk
	say="queues=4"
	check disks.many_queues --disk disk,queues=4 --cpus 4
}

case_disk_two() {
	make_disk disk
	make_disk other 2048 1000000
	check disks.two_disks --disk disk --disk other
}

case_disk_read_only() {
	local before
	make_disk disk
	before=$(sha256sum <disk)
	check disks.read_only --disk disk,ro
	[[ $(sha256sum <disk) == "$before" ]]
}

case_disk_read_only_is_shared() {
	make_disk disk
	exec 9<disk
	check disks.read_only --disk disk,ro
	"$mote" run --kernel "$guests/tests.elf" --append test=serial.polled_echo --disk disk,ro <&- >first 2>&1 &
	wait_for ready first
	check disks.read_only --disk disk,ro
	kill -9 $!
}

case_disk_keeps_what_was_flushed() {
	local engine
	for engine in $(engines); do
		make_disk "disk-$engine"
		check disks.writes_for_the_next_boot --disk "disk-$engine,engine=$engine"
		check disks.persisted --disk "disk-$engine,engine=$engine"
	done
}

# Started again the moment that the first has ended: no lock outlives its owner.
case_disk_is_free_at_once_after_the_end() {
	local i
	make_disk disk
	for ((i = 0; i < 10; i++)); do
		start 0 --kernel "$guests/tests.elf" --append test=disks.many_queues --disk disk
	done
}

# What the guest was told is durable is there after mote was killed, and the disk is free again at once.
case_disk_survives_sigkill() {
	local pid reported found round
	make_disk disk
	for round in 1 2 3; do
		rm -f count
		"$mote" run --kernel "$guests/tests.elf" --append test=disks.counts_for_ever --disk disk \
			</dev/null >count 2>err &
		pid=$!
		wait_for "durable 2$round" count
		kill -9 "$pid"
		wait "$pid" || true
		reported=$(grep -Eo '^durable [0-9]+$' count | tail -n 1 | cut -d' ' -f2)
		found=$(od -An -t u8 -j $((1024 * 512)) -N 8 disk | tr -d ' ')
		echo "round $round: durable $reported, found $found"
		((reported > 0 && found >= reported))
		start 0 --kernel "$guests/tests.elf" --append test=disks.many_queues --disk disk
	done
}

case_disk_of_two_machines_is_refused() {
	local pid
	make_disk disk
	"$mote" run --kernel "$guests/tests.elf" --append test=disks.counts_for_ever --disk disk </dev/null >count 2>err1 &
	pid=$!
	wait_for 'durable 1' count
	refused 'disk' --kernel "$guests/hello.elf" --disk disk
	refused 'disk' --kernel "$guests/hello.elf" --disk disk,ro
	kill -9 "$pid"
}

case_disk_twice_in_one_machine_is_refused() {
	make_disk disk
	refused 'disk' --kernel "$guests/hello.elf" --disk disk --disk disk
}

case_disk_on_a_loop_device() {
	local device
	make_disk disk
	device=$(losetup --find --show disk 2>/dev/null) || skip "no loop devices here"
	# shellcheck disable=SC2064
	trap "losetup -d $device; kill_jobs" EXIT
	say="sectors=$sectors serial=mote-1"
	check blk --disk "$device,serial=mote-1"
}
