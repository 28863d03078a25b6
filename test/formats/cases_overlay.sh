# The cases of overlays: random requests over raw files and qcow2 images, which stay as they are, and kills.
# shellcheck shell=bash disable=SC2154

# over FORMAT BASE [OPTION...]: random requests on overlays over the base: a temporary one, and one that is kept and
# holds the same when it is opened again.
over() {
	local format=$1 base=$2
	shift 2
	qemu-img convert -f "$format" -O raw "$base" model
	cp model kept.model
	unchanged "$base" "$workload" --format "$format" --overlay temp --steps 900 --model model "$@" "$base"
	unchanged "$base" "$workload" --format "$format" --overlay kept --steps 900 --model kept.model "$@" "$base"
	unchanged kept "$workload" --format "$format" --overlay kept --read-only --steps 300 --model kept.model "$@" "$base"
	"$workload" --format "$format" --overlay kept --steps 500 --seed 9 --model kept.model "$@" "$base"
	rm kept
}

case_overlay_over_raw() {
	noise base.raw 40M
	over raw base.raw
	over raw base.raw --cache direct --odd
	over raw base.raw --depth 128 --seed 2
	over raw base.raw --no-discard --seed 3
	over raw base.raw --block 4096
}

case_overlay_engines() {
	local engine
	noise base.raw 16M
	for engine in io_uring aio thread; do
		over raw base.raw --engine "$engine"
	done
}

case_overlay_over_a_disk_that_ends_inside_a_block() {
	noise base.raw 8M
	truncate -s $((8 * 1024 * 1024 + 1536)) base.raw
	over raw base.raw --odd
}

case_overlay_over_qcow2() {
	noise base.raw 24M
	qemu-img convert -c -f raw -O qcow2 base.raw base.qcow2
	over qcow2 base.qcow2
	qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 -o cluster_size=4k top.qcow2
	unchanged base.qcow2 over qcow2 top.qcow2 --seed 2 --cache direct
}

case_overlay_kill() {
	truncate -s 32M base.raw
	unchanged base.raw kill_often base.raw 25 --format raw --overlay kept
}

case_overlay_kill_direct() {
	truncate -s 32M base.raw
	unchanged base.raw kill_often base.raw 15 --format raw --overlay kept --cache direct --depth 32
}

case_overlay_kill_over_qcow2() {
	qemu-img create -q -f qcow2 base.img 32M # a name whose image is not checked while its lock may linger
	unchanged base.img kill_often base.img 10 --format qcow2 --overlay kept
}

case_overlay_refused() {
	noise base.raw 4M
	noise other.raw 4M
	cp base.raw model
	echo 'not mine to write to' >letter
	unchanged letter refused 'not an overlay' base.raw --format raw --overlay letter
	refused 'base itself' base.raw --format raw --overlay base.raw
	"$workload" --format raw --overlay kept --steps 100 --model model base.raw
	unchanged kept refused 'another file' other.raw --format raw --overlay kept
	touch base.raw
	unchanged kept refused 'written to since' base.raw --format raw --overlay kept
	refused 'is an overlay' kept --format auto
	truncate -s 3M kept
	touch -r other.raw kept
	refused 'folder' other.raw --format raw --overlay none/kept
	[[ ! -e none ]]
}
