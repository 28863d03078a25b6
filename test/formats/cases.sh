# The cases: each runs in an empty folder of its own and fails by any command that fails.
# shellcheck shell=bash disable=SC2154

# --- every kind of image that qemu-img makes ---

case_plain() {
	image a.qcow2 64M
	work_on a.qcow2
	work_on a.qcow2 --cache direct --odd
}

case_cluster_sizes() {
	local size
	for size in 512 4k 16k 256k 2M; do
		echo "clusters of $size"
		image a.qcow2 20M -o "cluster_size=$size"
		work_on a.qcow2 --seed 3
	done
}

case_refcount_widths() {
	local bits
	for bits in 1 2 4 8 32 64; do
		echo "refcounts of $bits bits"
		image a.qcow2 12M -o "cluster_size=1k,refcount_bits=$bits"
		work_on a.qcow2 --seed 4
	done
}

case_refcount_table_grows() {
	image a.qcow2 96M -o cluster_size=512,refcount_bits=64
	work_on a.qcow2 --seed 5 --depth 64
}

case_version_2() {
	image a.qcow2 64M -o compat=0.10
	work_on a.qcow2
	image a.qcow2 16M -o compat=0.10,cluster_size=512
	work_on a.qcow2
}

case_preallocated() {
	local how
	for how in metadata falloc full; do
		image a.qcow2 32M -o "preallocation=$how"
		work_on a.qcow2
	done
}

case_no_discard() {
	image a.qcow2 32M
	work_on a.qcow2 --no-discard
}

case_blocks_of_4096() {
	image a.qcow2 32M
	work_on a.qcow2 --block 4096
}

case_engines() {
	local engine
	image a.qcow2 32M
	for engine in io_uring aio thread; do
		work_on a.qcow2 --engine "$engine"
		work_on a.qcow2 --engine "$engine" --cache direct
	done
}

case_depth_1_and_128() {
	image a.qcow2 256M
	work_on a.qcow2 --depth 1
	work_on a.qcow2 --depth 128
}

case_more_tables_than_are_kept() {
	local size
	for size in 64k:512G 2M:40T 512:16G; do
		rm -f a.qcow2
		image a.qcow2 "${size#*:}" -o "cluster_size=${size%:*}"
		"$workload" --format qcow2 --steps 900 a.qcow2
		check a.qcow2
	done
}

case_size_that_ends_inside_a_cluster() {
	image a.qcow2 $((5 * 1024 * 1024 + 512))
	work_on a.qcow2
}

case_compressed() {
	local type
	noise base.raw 16M
	for type in zlib zstd; do
		qemu-img convert -c -f raw -O qcow2 -o "compression_type=$type" base.raw a.qcow2
		cp base.raw model
		unchanged a.qcow2 "$workload" --format qcow2 --read-only --steps 600 --model model a.qcow2
		work_on a.qcow2
		qemu-img convert -c -f raw -O qcow2 -o "compression_type=$type,cluster_size=4k" base.raw a.qcow2
		work_on a.qcow2 --cache direct
	done
}

case_internal_snapshots() {
	noise base.raw 24M
	qemu-img convert -f raw -O qcow2 base.raw a.qcow2
	qemu-img snapshot -c first a.qcow2
	work_on a.qcow2
	cp model second.raw
	qemu-img snapshot -c second a.qcow2
	work_on a.qcow2 --seed 2
	qemu-img convert -l snapshot.name=first -O raw a.qcow2 then.raw
	cmp base.raw then.raw
	qemu-img convert -l snapshot.name=second -O raw a.qcow2 then.raw
	cmp second.raw then.raw
	qemu-img snapshot -d first a.qcow2
	check a.qcow2
	work_on a.qcow2 --seed 3
	qemu-img snapshot -a second a.qcow2
	same a.qcow2 second.raw
	work_on a.qcow2 --seed 4
}

# --- backing files ---

case_backing_chain() {
	noise base.raw 20M # shorter than what lies over it
	qemu-img create -q -f qcow2 -b base.raw -F raw one.qcow2 32M
	work_on one.qcow2
	qemu-img create -q -f qcow2 -b one.qcow2 -F qcow2 -o cluster_size=4k two.qcow2 28M
	work_on two.qcow2 --seed 2
	qemu-img create -q -f qcow2 -b two.qcow2 -F qcow2 -o cluster_size=2M three.qcow2
	unchanged base.raw unchanged one.qcow2 unchanged two.qcow2 work_on three.qcow2 --seed 3
}

case_backing_version_2() {
	noise base.raw 20M
	qemu-img create -q -f qcow2 -b base.raw -F raw -o compat=0.10 a.qcow2 24M
	work_on a.qcow2
}

case_backing_compressed() {
	noise base.raw 16M
	qemu-img convert -c -f raw -O qcow2 base.raw base.qcow2
	qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 a.qcow2
	unchanged base.qcow2 work_on a.qcow2
}

case_backing_in_another_folder() {
	mkdir images
	noise images/base.raw 8M
	(cd images && qemu-img create -q -f qcow2 -b base.raw -F raw a.qcow2)
	work_on images/a.qcow2
}

case_long_chain() {
	local i
	noise base.raw 4M
	qemu-img create -q -f qcow2 -b base.raw -F raw 1.qcow2
	for ((i = 2; i <= 64; i++)); do
		qemu-img create -q -u -f qcow2 -b $((i - 1)).qcow2 -F qcow2 $i.qcow2 4M
	done
	work_on 64.qcow2
	qemu-img create -q -u -f qcow2 -b 64.qcow2 -F qcow2 65.qcow2 4M
	refused 'longer than 64' 65.qcow2
}

# --- both ways ---

case_qemu_io_reads_what_we_wrote_and_we_what_it_wrote() {
	image a.qcow2 16M
	work_on a.qcow2
	qemu-io -f qcow2 -c 'write -P 0x5a 1M 300k' -c 'write -z 5M 64k' -c 'discard 6M 1M' a.qcow2 >/dev/null
	work_on a.qcow2 --seed 2
	qemu-io -f qcow2 -c 'write -P 0x77 3M 64k' a.qcow2 >/dev/null
	qemu-img convert -O raw a.qcow2 model
	"$workload" --format qcow2 --read-only --steps 300 --model model a.qcow2
}

# --- nothing that was flushed is lost ---

case_kill() {
	image a.qcow2 32M
	kill_often a.qcow2 22
	qemu-img convert -O raw a.qcow2 a.raw
	"$crash" --state state --verify --format raw a.raw
}

case_kill_small_clusters() {
	image a.qcow2 16M -o cluster_size=512
	kill_often a.qcow2 10
}

case_kill_over_backing_file() {
	truncate -s 32M base.raw
	qemu-img create -q -f qcow2 -b base.raw -F raw -o cluster_size=16k a.qcow2
	kill_often a.qcow2 10 --depth 32
}

case_kill_with_snapshot() {
	image a.qcow2 16M
	kill_often a.qcow2 2
	qemu-img check -q -r leaks a.qcow2 >/dev/null || true
	qemu-img snapshot -c kept a.qcow2
	qemu-img convert -l snapshot.name=kept -O raw a.qcow2 kept.raw
	kill_often a.qcow2 8 --cache direct
	qemu-img convert -l snapshot.name=kept -O raw a.qcow2 then.raw
	cmp kept.raw then.raw
}

# --- what is refused ---

case_refused_features() {
	truncate -s 8M model
	image a.qcow2 8M -o extended_l2=on
	refused 'subclusters' a.qcow2
	qemu-img create -q -f qcow2 -o data_file=data.raw a.qcow2 8M
	refused 'external data file' a.qcow2
	image a.qcow2 8M
	poke a.qcow2 35 '\001'
	refused 'encrypted (AES)' a.qcow2
	poke a.qcow2 35 '\002'
	refused 'encrypted (LUKS)' a.qcow2
	poke a.qcow2 35 '\000'
	poke a.qcow2 79 '\001'
	refused 'qemu-img check -r all' a.qcow2
	poke a.qcow2 79 '\002'
	refused 'corrupt' a.qcow2
	poke a.qcow2 79 '\040'
	refused 'incompatible bit 5' a.qcow2
	poke a.qcow2 79 '\000'
	poke a.qcow2 7 '\004'
	refused 'version 4' a.qcow2
	poke a.qcow2 0 'x'
	refused 'not a qcow2 image' a.qcow2
}

case_refused_backing_files() {
	truncate -s 8M model base.raw
	qemu-img create -q -f qcow2 -b base.raw -F raw a.qcow2
	mv base.raw away.raw
	refused "a.qcow2.*backing file 'base.raw' is not there" a.qcow2
	qemu-img create -q -u -f qcow2 -b a.qcow2 -F qcow2 b.qcow2 8M
	qemu-img rebase -u -b b.qcow2 -F qcow2 a.qcow2
	refused 'leads back' a.qcow2
	refused 'leads back' b.qcow2 --read-only
	qemu-img rebase -u -b ./a.qcow2 -F qcow2 a.qcow2
	refused 'leads back' a.qcow2
	qemu-img rebase -u -b away.raw -F vmdk a.qcow2
	refused "format 'vmdk'" a.qcow2
	qemu-img rebase -u -b nbd://host/disk -F raw a.qcow2
	refused 'not a path' a.qcow2
}

# --- the disk's file itself ---

case_locked() {
	image a.qcow2 8M
	truncate -s 8M model
	qemu-io -f qcow2 -c 'sleep 2500' a.qcow2 &
	sleep 0.3
	refused 'locked by qemu-io' a.qcow2
	wait
}

case_used_by_others_with_a_bitmap() {
	image a.qcow2 8M
	qemu-img bitmap --add a.qcow2 changes
	qemu-img convert -O raw a.qcow2 model
	"$workload" --format qcow2 --steps 300 --model model a.qcow2
	same a.qcow2 model
	sound a.qcow2 # the bitmap's clusters count as leaked from now on
	# What the bitmap says is not true any more, and the image says so.
	[[ $(od -An -tx1 -j 95 -N 1 a.qcow2) == ' 00' ]]
}
