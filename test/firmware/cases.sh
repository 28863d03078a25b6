# One kind of file system each: an image made by its own tools holds the tree that fwls finds. Sourced by run.sh.
# shellcheck shell=bash

ext() { # ext SIZE OPTIONS...
	local size=$1
	shift
	make_ext disk "$size" "$shared/tree" "$@"
	same vda "$shared/tree" disk
	survives disk
}
case_ext2_1k() { ext 48M -t ext2 -b 1024 -I 128; }
case_ext2_revision_0() { ext 48M -t ext2 -r 0; }
case_ext2_no_filetype() { ext 48M -t ext2 -O ^filetype,^sparse_super,^resize_inode; }
case_ext3_2k() { ext 48M -t ext3 -b 2048; }
case_ext4() {
	ext 48M -t ext4 -L root -U 01234567-89ab-cdef-0123-456789abcdef
	lists 'fs=ext4 uuid=01234567-89ab-cdef-0123-456789abcdef label=root$' disk
}
case_ext4_1k() { ext 48M -t ext4 -b 1024; }
case_ext4_16k() { ext 128M -t ext4 -b 16384; }
case_ext4_64k() { ext 256M -t ext4 -b 65536; }
case_ext4_32bit() { ext 48M -t ext4 -O ^64bit,^metadata_csum,^flex_bg; }
case_ext4_meta_bg() { ext 96M -t ext4 -b 1024 -O meta_bg,^resize_inode; }
case_ext4_meta_bg_32bit() { ext 96M -t ext4 -b 1024 -O meta_bg,^resize_inode,^64bit; }
case_ext4_inline_data() { ext 48M -t ext4 -O inline_data -I 512; }
case_ext4_bigalloc() { ext 96M -t ext4 -O bigalloc -C 65536; }
case_ext4_bigalloc_1k() { ext 96M -t ext4 -b 1024 -O bigalloc,meta_bg,^resize_inode -C 16384; }
case_ext4_sparse_super2() { ext 96M -t ext4 -b 1024 -O sparse_super2,meta_bg,^resize_inode; }
case_ext4_all_features() { ext 48M -t ext4 -O encrypt,casefold,large_dir,ea_inode,metadata_csum_seed,mmp,quota,project; }

# Many extents, and a tree of directory blocks: only the kernel makes those.
fill() {
	local i
	for i in $(seq 0 2 600); do
		dd if=/dev/urandom of=fragments bs=1k count=1 seek="$i" conv=notrunc status=none
	done
	mkdir big
	for i in $(seq 2000); do : >"big/a-file-of-number-$i-with-a-longer-name"; done
	for i in $(seq 1 3 2000); do rm "big/a-file-of-number-$i-with-a-longer-name"; done
	for i in 100 400 1000; do ln -s "$(head -c "$i" /dev/zero | tr '\0' s)" "link-$i"; done
	fallocate -l 300K not-written
	printf z | dd of=not-written bs=1 seek=5000 conv=notrunc status=none
}
by_kernel() { # by_kernel IMAGE OPTIONS
	mounted "$1" "$2" fill
	mkdir tree
	mounted "$1" "" cp -a . ../tree
	same vda tree "$1"
	survives "$1"
}
case_ext4_by_kernel() {
	make_ext disk 48M "$shared/small" -t ext4 -b 1024
	by_kernel disk ""
}
case_ext3_by_kernel() {
	make_ext disk 48M "$shared/small" -t ext3 -b 1024
	by_kernel disk ""
}

# Blocks that a crash left in the journal: changed data and a changed directory, one of the blocks revoked afterwards.
# The same image, repaired by debugfs, must read the same.
journal() { # journal OPENED OPTIONS...
	local opened=$1 directory blocks
	shift
	make_ext disk 48M "$shared/tree" -t ext4 "$@"
	directory=$(debugfs -R 'blocks /many' disk 2>/dev/null | tr -s ' ' '\n' | grep . | sed -n 2p)
	mapfile -t blocks < <(debugfs -R 'blocks /boot/config' disk 2>/dev/null | tr -s ' ' '\n' | grep .)
	dd if=disk bs=4096 skip="$directory" count=1 status=none | sed 's/a-file-of/A-FILE-OF/' >changed-names
	head -c 4096 /dev/urandom >changed-data
	{ printf '\xc0\x3b\x39\x98' && head -c 4092 /dev/urandom; } >escaped
	debugfs -w disk >/dev/null 2>&1 <<-END
		jo $opened
		jw -b $directory changed-names
		jw -b ${blocks[1]},${blocks[5]} changed-data
		jw -b ${blocks[7]} escaped
		jw -b ${blocks[9]} changed-data
		jw -b ${blocks[11]} changed-data
		jw -r ${blocks[9]}
		jw -r ${blocks[11]}
		jw -b ${blocks[11]} escaped
		jc
	END
	cp disk repaired
	debugfs -w -R jr repaired 2>/dev/null
	dumpe2fs -h disk 2>/dev/null | grep -q needs_recovery
	mkdir tree
	"$fwls" extract vda tree repaired
	if diff -rq --no-dereference tree "$shared/tree" >/dev/null; then
		echo "the journal changed nothing"
		return 1
	fi
	same vda tree disk
	survives disk
}
case_ext4_journal() { journal '' -O ^metadata_csum; }
case_ext4_journal_32bit() { journal '' -O ^metadata_csum,^64bit; }
case_ext4_journal_checksum_2() { journal '-c -v 2'; }
case_ext4_journal_checksum_3() { journal '-c -v 3'; }

# The disk as it is while the kernel has it mounted: what was synced is in the journal, not yet in its place.
crash() {
	fill
	sync
	cp --reflink=never ../disk ../crashed
	mkdir ../tree
	cp -a . ../tree
}
crashed() { # crashed OPTIONS...
	make_ext disk 48M "$shared/small" -t ext4 "$@"
	mounted disk "" crash
	"$fwls" list crashed 2>&1 | grep -q 'reading [1-9][0-9]* transactions in its journal'
	same vda tree crashed
	survives crashed
}
case_ext4_crashed() { crashed; }
case_ext4_crashed_1k() { crashed -b 1024 -O ^metadata_csum; }
case_ext4_crashed_fast_commit() { crashed -O fast_commit; }

fat() { # fat SIZE OPTIONS...
	local size=$1
	shift
	make_fat disk "$size" "$shared/fat" "$@"
	same vda "$shared/fat" disk
	survives disk
}
case_fat12() {
	fat 10M -F 12 -n BOOT -i 12ab34cd
	lists 'fs=vfat uuid=12AB-34CD label=BOOT$' disk
}
case_fat16() { fat 24M -F 16 -s 1; }
case_fat32() {
	fat 64M -F 32 -s 1 -n EFI
	lists 'label=EFI$' disk
}
case_fat32_4k() { fat 300M -F 32 -S 4096 -s 1; }

xfs() { # xfs OPTIONS...
	make_xfs disk 320M "$shared/xfs" "$@"
	same vda "$shared/xfs" disk
	log_is clean disk
	survives disk
}
case_xfs() {
	xfs -L root -m uuid=01234567-89ab-cdef-0123-456789abcdef
	lists 'fs=xfs uuid=01234567-89ab-cdef-0123-456789abcdef label=root$' disk
}
case_xfs_1k() { xfs -b size=1024; }
case_xfs_bigtime() { xfs -m bigtime=1,inobtcount=1,reflink=1,rmapbt=1 -i nrext64=1; }
case_xfs_old() { xfs -m bigtime=0,inobtcount=0,reflink=0,finobt=0 -i sparse=0; }
case_xfs_large_directories() { xfs -n size=65536 -i size=2048; }
case_xfs_version_4() { xfs -m crc=0 -n ftype=0; }
case_xfs_version_4_512() { xfs -m crc=0 -b size=512; }
case_xfs_by_kernel() {
	make_xfs disk 320M "$shared/small" -b size=1024
	by_kernel disk ",nouuid"
	log_is clean disk
}

# Writes for the log, more than it holds in one turn; copies of the disk as they would be after a crash.
copies_in_use() {
	local i j
	for i in 1 2 3; do
		for j in $(seq 1500); do : >"a-file-of-turn-$i-and-number-$j-with-a-longer-name"; done
		sync
		cp --reflink=never ../disk "../in-use-$i"
		rm a-file-of-turn-*
	done
}
xfs_log() { # xfs_log OPTIONS...
	local i
	# What its own tests set: so small a log is refused otherwise.
	TEST_DIR=. TEST_DEV=. QA_CHECK_FS=. make_xfs disk 320M "$shared/small" "$@"
	log_is clean disk
	mounted disk "" true
	log_is clean disk
	for i in 1 2 3; do
		mounted disk "" copies_in_use
		log_is clean disk
		log_is dirty in-use-1
		log_is dirty in-use-2
		log_is dirty in-use-3
	done
	survives in-use-3
	# What repair made of it has an empty log.
	xfs_repair -f -L in-use-3 >/dev/null 2>&1
	log_is clean in-use-3
}
case_xfs_log() { xfs_log -l size=6m; }
case_xfs_log_in_stripes() { xfs_log -l size=20m,su=262144; }
case_xfs_log_of_4k_sectors() { xfs_log -l size=6m -s size=4096; }
case_xfs_log_version_4() { xfs_log -m crc=0 -l size=4m; }
case_xfs_log_version_1() { xfs_log -m crc=0 -l size=4m,version=1; }
# Where each record has a header of several blocks.
case_xfs_log_large_buffers() {
	make_xfs disk 320M "$shared/small"
	mounted disk ",logbsize=256k" copies_in_use
	log_is clean disk
	log_is dirty in-use-2
}

case_btrfs() {
	make_btrfs disk 160M "$shared/tree" -L root -U 01234567-89ab-cdef-0123-456789abcdef
	same vda "$shared/tree" disk
	lists 'fs=btrfs uuid=01234567-89ab-cdef-0123-456789abcdef label=root$' disk
	survives disk
}
case_btrfs_large_nodes() {
	make_btrfs disk 160M "$shared/tree" -n 65536 -m dup
	same vda "$shared/tree" disk
	survives disk
}
btrfs_packed() {
	make_btrfs disk 160M "$shared/small"
	mounted disk ",compress-force=$1" cp -a "$shared/tree" .
	by_kernel disk ",compress-force=$1"
}
case_btrfs_zlib() { btrfs_packed zlib; }
case_btrfs_lzo() { btrfs_packed lzo; }
case_btrfs_zstd() { btrfs_packed zstd; }
# The default subvolume is the root; what is not there is found from the top.
subvolumes() {
	local id
	btrfs subvolume create @rootfs >/dev/null
	cp -a "$shared/tree/." @rootfs
	mkdir @rootfs/only-there
	id=$(btrfs subvolume list . | awk '/@rootfs$/ { print $2 }')
	btrfs subvolume set-default "$id" .
}
case_btrfs_subvolume() {
	make_btrfs disk 160M "$shared/small"
	mkdir -p tree
	mounted disk "" cp -a . ../tree
	mounted disk "" subvolumes
	cp -a "$shared/tree" default
	mkdir default/only-there
	same vda default disk
	mounted disk ",subvolid=5" btrfs subvolume set-default 5 .
	mkdir tree/@rootfs
	cp -a default/. tree/@rootfs
	same vda tree disk
	survives disk
}

erofs() { # erofs OPTIONS...
	cp -a "$shared/tree" tree
	# mkfs.erofs 1.5 takes no name of 255 bytes.
	mv tree/nnnnn* "tree/$(head -c 254 /dev/zero | tr '\0' n)"
	make_erofs disk tree "$@"
	same vda tree disk
	survives disk
}
case_erofs() {
	erofs -U 01234567-89ab-cdef-0123-456789abcdef
	lists 'fs=erofs uuid=01234567-89ab-cdef-0123-456789abcdef label=-$' disk
}
case_erofs_extended_inodes() { erofs -E force-inode-extended; }
case_erofs_no_tails() { erofs -E noinline_data; }
case_erofs_chunks() { erofs --chunksize=65536 -E force-inode-blockmap; }
case_erofs_chunk_indexes() { erofs --chunksize=4096 -E force-chunk-indexes; }
case_erofs_lz4() { erofs -z lz4; }
case_erofs_lz4hc_large() { erofs -z lz4hc,12 -C 65536; }
case_erofs_lz4_larger() { erofs -z lz4 -C 1048576; }
case_erofs_lz4_tails() { erofs -z lz4 -C 16384 -E ztailpacking; }
case_erofs_lz4_indexes() { erofs -z lz4 -E legacy-compress; }

squashfs() { # squashfs OPTIONS...
	make_squashfs disk "$shared/tree" "$@"
	same vda "$shared/tree" disk
	survives disk
}
case_squashfs() {
	squashfs
	lists 'fs=squashfs uuid=- label=-$' disk
}
case_squashfs_lzma() { squashfs -comp lzma; }
case_squashfs_lzo() { squashfs -comp lzo; }
case_squashfs_xz() { squashfs -comp xz -Xbcj x86; }
case_squashfs_lz4() { squashfs -comp lz4; }
case_squashfs_zstd() { squashfs -comp zstd; }
case_squashfs_4k() { squashfs -b 4K; }
case_squashfs_1m() { squashfs -b 1M; }
case_squashfs_not_compressed() { squashfs -noI -noD -noF; }
case_squashfs_no_fragments() { squashfs -no-fragments; }
case_squashfs_all_fragments() { squashfs -always-use-fragments; }
