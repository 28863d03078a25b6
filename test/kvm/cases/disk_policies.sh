# shellcheck shell=bash disable=SC2034,SC2154
# What the host decides about a disk while the guest runs: errors that pause, growth, limits.

# A file system of SIZE in the folder full, with a sparse disk on it that is larger.
make_full_disk() { # SIZE
	mkdir full
	mount -t tmpfs -o "size=$1" none full 2>/dev/null || skip "this user can't mount"
	trap 'kill_jobs; wait || true; umount full' EXIT
	truncate -s 64M full/disk
}

load() { # OP BYTES OPTION...: the words for the bench guest
	echo "op=$1 bs=$2 completion=poll depth=4 ${*:3}"
}

# The file system is full; when there is room, the guest has all its writes and no error.
case_disk_error_pause() {
	local pid
	make_full_disk 2M
	"$mote" run --kernel "$guests/bench.elf" --append "$(load write 65536 ops=300 ms=60000)" --disk full/disk,error=pause \
		</dev/null >out 2>err &
	pid=$!
	wait_for 'the VM is paused' err
	grep -q 'disk vda, full/disk .*: write of [0-9]* bytes at [0-9]* failed: No space left on device;.*make room' err
	mount -o remount,size=80M full
	wait "$pid"
	cat out err
	grep -q 'the VM goes on' err
	[[ $(wc -l <err) == 2 ]]
	grep -q '^bench: op=.* errors=0$' out
}

case_disk_error_report() {
	make_full_disk 2M
	start 0 --kernel "$guests/bench.elf" --append "$(load write 65536 ops=300 ms=60000)" --disk full/disk
	grep -q '^bench: op=.* errors=[1-9][0-9]*$' out
	! grep -q paused err
}

# A guest that stands still can't shut down: any signal ends it.
case_disk_error_pause_ends_at_a_signal() {
	local pid signal
	make_full_disk 2M
	for signal in TERM INT QUIT; do
		rm -f err
		"$mote" run --kernel "$guests/bench.elf" --append "$(load write 65536 ops=300 ms=60000)" \
			--disk full/disk,error=pause </dev/null >out 2>err &
		pid=$!
		wait_for 'the VM is paused' err
		kill "-$signal" "$pid"
		wait_for_end "$pid"
		cat err
	done
}

case_disk_grows_at_sighup() {
	local pid
	truncate -s 64M disk
	"$mote" run --verbose --kernel "$guests/bench.elf" --append "$(load read 65536 ms=60000)" --disk disk \
		</dev/null >out 2>err &
	pid=$!
	wait_for 'bench: running' out
	truncate -s 96M disk
	kill -HUP "$pid"
	wait_for 'has grown to 96 MiB' err
	# A disk does not shrink.
	truncate -s 80M disk
	kill -HUP "$pid"
	truncate -s 128M disk
	kill -HUP "$pid"
	wait_for 'has grown to 128 MiB' err
	! grep -q 'grown to 80' err
}

case_disk_device_grows_by_itself() {
	local device pid
	truncate -s 64M disk
	device=$(losetup --find --show disk 2>/dev/null) || skip "no loop devices here"
	# shellcheck disable=SC2064
	trap "kill_jobs; losetup -d $device" EXIT
	"$mote" run --verbose --verbose --kernel "$guests/bench.elf" --append "$(load read 65536 ms=60000)" --disk "$device" \
		</dev/null >out 2>err &
	pid=$!
	wait_for 'bench: running' out
	grep -q 'no messages about disks' err && skip "the kernel's messages do not arrive here"
	truncate -s 96M disk
	losetup -c "$device"
	wait_for 'has grown to 96 MiB' err
	kill -KILL "$pid"
}

# What a limit lets through, as the guest counts it, is at most 5% more than was asked, whatever the size. That it is not
# much less depends on the host, so that is only shown.
limited() { # OPTION BYTES KEY MOST
	local found
	truncate -s 64M disk
	start 0 --kernel "$guests/bench.elf" --append "$(load randread "$2" warmup_ms=500 ms=3000)" --disk "disk,$1"
	found=$(grep -Eo "\b$3=[0-9]+" out | cut -d= -f2)
	echo "$1, $2 bytes: $3 $found"
	((found > 0 && found <= $4 * 105 / 100))
}

case_disk_limits() {
	limited bandwidth=20M 65536 bytes_per_s $((20 << 20))
	limited bandwidth=20M:4K 4096 bytes_per_s $((20 << 20))
	limited bandwidth=20M 1048576 bytes_per_s $((20 << 20))
	limited iops=500 4096 iops 500
	limited iops=500,engine=thread 65536 iops 500
}

# Nothing that waits for its turn under a limit, or for a disk, keeps the VM from ending at once.
case_disk_limit_does_not_delay_the_end() {
	local pid
	truncate -s 64M disk
	"$mote" run --kernel "$guests/bench.elf" --append "$(load randread 65536 ms=60000)" --disk disk,bandwidth=1 \
		</dev/null >out 2>err &
	pid=$!
	wait_for 'bench: running' out
	kill -QUIT "$pid"
	wait_for_end "$pid"
}

wait_for_end() { # PID: within 20 s, with status 130
	local i end=0
	for ((i = 0; i < 400; i++)); do
		kill -0 "$1" 2>/dev/null || break
		sleep 0.05
	done
	((i < 400)) || return 1
	wait "$1" || end=$?
	((end == 130))
}
