# shellcheck shell=bash disable=SC2034,SC2154
# virtio-blk by the specification, seen from the guest: the same rules for every kind of disk.

# by_the_rules FACTS ARGUMENT...: FACTS are what the guest is to find, beside the number of sectors.
by_the_rules() {
	local list
	say="sectors=$sectors $1"
	shift
	for list in blk_config blk_requests blk_ranges blk_reset; do
		check "$list" "$@"
	done
}

make_qcow2() { # FILE [OPTION...]
	command -v qemu-img >/dev/null || skip "no qemu-img"
	make_disk numbered
	qemu-img convert -f raw -O qcow2 "${@:2}" numbered "$1"
}

sound_qcow2() { # FILE: neither errors nor leaks, since mote has ended in its own time
	qemu-img check "$1"
}

case_blk_rules_raw() {
	make_disk disk
	by_the_rules "" --disk disk
}

case_blk_rules_engines() {
	local engine
	for engine in $(engines); do
		make_disk "disk-$engine"
		by_the_rules "" --disk "disk-$engine,engine=$engine"
		by_the_rules "" --disk "disk-$engine,engine=$engine,cache=direct"
	done
}

case_blk_rules_read_only() {
	local before
	make_disk disk
	before=$(sha256sum <disk)
	by_the_rules "ro=1" --disk disk,ro
	[[ $(sha256sum <disk) == "$before" ]]
}

case_blk_rules_without_discard() {
	make_disk disk
	by_the_rules "discard=0" --disk disk,discard=off
}

case_blk_rules_blocks_of_4096() {
	make_disk disk
	by_the_rules "block=4096" --disk disk,block=4096
}

case_blk_rules_queues() {
	make_disk disk
	by_the_rules "queues=4" --disk disk,queues=4 --cpus 2
}

case_blk_rules_qcow2() {
	make_qcow2 disk.qcow2
	by_the_rules "" --disk disk.qcow2
	by_the_rules "block=4096" --disk disk.qcow2,block=4096
	by_the_rules "queues=2" --disk disk.qcow2,queues=2,cache=direct
	by_the_rules "discard=0" --disk disk.qcow2,discard=off
	by_the_rules "ro=1" --disk disk.qcow2,ro
	sound_qcow2 disk.qcow2
}

case_blk_rules_qcow2_compressed() {
	make_qcow2 disk.qcow2 -c -o compression_type=zstd
	by_the_rules "" --disk disk.qcow2
	sound_qcow2 disk.qcow2
}

case_blk_rules_qcow2_over_a_backing_file() {
	make_qcow2 base.qcow2
	qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 -o cluster_size=16k disk.qcow2
	by_the_rules "" --disk disk.qcow2
	sound_qcow2 disk.qcow2
}

case_blk_rules_overlay() {
	local before
	make_disk disk
	before=$(sha256sum <disk)
	by_the_rules "" --disk disk,overlay=kept
	by_the_rules "" --disk disk,overlay=temp
	by_the_rules "block=4096" --disk disk,overlay=temp,block=4096
	by_the_rules "discard=0" --disk disk,overlay=temp,discard=off
	by_the_rules "queues=2" --disk disk,overlay=kept,queues=2
	[[ $(sha256sum <disk) == "$before" ]]
}

case_blk_rules_overlay_over_qcow2() {
	local before
	make_qcow2 disk.qcow2
	before=$(sha256sum <disk.qcow2)
	by_the_rules "" --disk disk.qcow2,overlay=kept
	[[ $(sha256sum <disk.qcow2) == "$before" ]]
}

case_blk_rules_under_a_limit() {
	make_qcow2 disk.qcow2
	by_the_rules "" --disk disk.qcow2,iops=100000
	by_the_rules "block=4096" --disk numbered,bandwidth=1G,block=4096
	sound_qcow2 disk.qcow2
}

case_blk_rules_loop_device() {
	local device
	make_disk disk
	device=$(losetup --find --show disk 2>/dev/null) || skip "no loop devices here"
	# shellcheck disable=SC2064
	trap "kill_jobs; losetup -d $device" EXIT
	by_the_rules "" --disk "$device"
	by_the_rules "ro=1" --disk "$device,ro"
}

# What the disk is asked by drivers that do as they should, on formats.
case_blk_rules_drivers_on_formats() {
	make_qcow2 disk.qcow2
	say="sectors=$sectors serial=mote-1"
	check blk --disk disk.qcow2,serial=mote-1
	sound_qcow2 disk.qcow2
	check blk --disk numbered,overlay=temp,serial=mote-1
}

case_blk_rules_hostile_drivers_on_formats() {
	make_qcow2 disk.qcow2
	check hostile --disk disk.qcow2,queues=2
	sound_qcow2 disk.qcow2
	check hostile --disk numbered,overlay=kept,queues=2
}

# A file grows, mote is told: the guest has the interrupt, the new capacity and the new sectors.
case_blk_rules_growth() {
	local pid status=0
	make_disk disk
	"$mote" run --kernel "$guests/tests.elf" --append "test=blk_growth grown=$((2 * sectors))" --disk disk \
		</dev/null >out 2>err &
	pid=$!
	wait_for ready out
	truncate -s "$((2 * sectors * 512))" disk
	kill -HUP "$pid"
	wait "$pid" || status=$?
	cat out err
	((status == 0))
	grep -q '^guest: 1 passed, 0 failed' out
}
