# What the cases share: a tree of awkward files, images of it, and comparing. Sourced by run.sh; a case stands in an empty
# folder of its own and has `fwls`, `shared`, `rounds`.
# shellcheck shell=bash

# need TOOL...: the case is skipped where one of them is not there.
need() {
	local tool
	for tool in "$@"; do
		command -v "$tool" >/dev/null || skip "$tool is not there"
	done
}

make_tree() { # make_tree DIR: for file systems that have links and all names
	local dir=$1 i
	mkdir -p "$dir"/boot/grub "$dir"/many "$dir"/deep/a/b/c/d/e/f
	head -c 3000017 /dev/urandom >"$dir/boot/vmlinuz-6.1.0-18-amd64"
	seq 1 400000 >"$dir/boot/config"
	ln -s vmlinuz-6.1.0-18-amd64 "$dir/boot/vmlinuz"
	ln -s boot/vmlinuz "$dir/vmlinuz"
	ln -s ../../../../boot "$dir/deep/a/b/c/boot"
	ln -s /deep/a "$dir/absolute"
	ln -s loop-b "$dir/loop-a"
	ln -s loop-a "$dir/loop-b"
	ln -s "$(head -c 59 /dev/zero | tr '\0' s)" "$dir/link-59"
	ln -s "$(head -c 60 /dev/zero | tr '\0' s)" "$dir/link-60"
	ln -s "$(head -c 400 /dev/zero | tr '\0' s)" "$dir/link-400"
	ln -s "$(head -c 1000 /dev/zero | tr '\0' s)" "$dir/link-1000"
	truncate -s 4M "$dir/holes"
	printf x | dd of="$dir/holes" bs=1 seek=1234567 conv=notrunc status=none
	printf y | dd of="$dir/holes" bs=1 seek=4194303 conv=notrunc status=none
	for i in 0 1 59 60 61 100 160 511 512 513 1023 1024 4095 4096 4097 65535 65536 65537; do
		head -c "$i" /dev/urandom >"$dir/size-$i"
	done
	for i in $(seq 1 700); do echo "$i" >"$dir/many/a-file-of-number-$i-with-a-longer-name"; done
	touch "$dir/$(head -c 255 /dev/zero | tr '\0' n)" "$dir/größe"
}

make_fat_tree() { # make_fat_tree DIR: what FAT can hold
	local dir=$1 i
	mkdir -p "$dir"/EFI/BOOT "$dir"/EFI/debian "$dir"/many "$dir"/deep/a/b/c/d
	head -c 3000017 /dev/urandom >"$dir/EFI/BOOT/BOOTX64.EFI"
	seq 1 200000 >"$dir/A long Name, with dots...txt"
	for i in 0 1 511 512 513 4096 65537; do head -c "$i" /dev/urandom >"$dir/size-$i"; done
	for i in $(seq 1 200); do echo "$i" >"$dir/many/a-file-of-number-$i-with-a-longer-name"; done
	: >"$dir/größe, mit langem Namen"
	: >"$dir/$(head -c 200 /dev/zero | tr '\0' n)"
	: >"$dir/lower.txt"
	: >"$dir/UPPER.TXT"
}

prototype() { # prototype DIR: what mkfs.xfs -p wants
	local path name
	for path in "$1"/*; do
		[[ -e $path || -L $path ]] || continue
		name=${path##*/}
		if [[ -L $path ]]; then
			echo "$name l--777 0 0 $(readlink "$path")"
		elif [[ -d $path ]]; then
			echo "$name d--755 0 0"
			prototype "$path"
			echo '$'
		else
			echo "$name ---644 0 0 $path"
		fi
	done
}
make_xfs() { # make_xfs IMAGE SIZE TREE OPTIONS...
	local image=$1 size=$2 tree=$3
	shift 3
	need mkfs.xfs
	{
		printf '/dev/null\n0 0\nd--755 0 0\n'
		prototype "$tree"
		echo '$'
	} >prototype
	truncate -s "$size" "$image"
	mkfs.xfs -q "$@" -p prototype "$image"
}

make_ext() { # make_ext IMAGE SIZE TREE OPTIONS...
	local image=$1 size=$2 tree=$3
	shift 3
	need mke2fs debugfs
	truncate -s "$size" "$image"
	# Whatever the machine's own mke2fs.conf says.
	MKE2FS_CONFIG=$here/mke2fs.conf mke2fs -q -F -d "$tree" "$@" "$image"
}

make_fat() { # make_fat IMAGE SIZE TREE OPTIONS...
	local image=$1 size=$2 tree=$3
	shift 3
	need mkfs.fat mcopy
	truncate -s "$size" "$image"
	mkfs.fat "$@" "$image" >/dev/null
	mcopy -s -i "$image" "$tree"/* ::
}

make_btrfs() { # make_btrfs IMAGE SIZE TREE OPTIONS...
	local image=$1 size=$2 tree=$3
	shift 3
	need mkfs.btrfs
	truncate -s "$size" "$image"
	mkfs.btrfs -q --rootdir "$tree" "$@" "$image" >/dev/null
}

make_erofs() { # make_erofs IMAGE TREE OPTIONS...
	local image=$1 tree=$2
	shift 2
	need mkfs.erofs
	mkfs.erofs --quiet "$@" "$image" "$tree"
}

make_squashfs() { # make_squashfs IMAGE TREE OPTIONS...
	local image=$1 tree=$2
	shift 2
	need mksquashfs
	mksquashfs "$tree" "$image" -noappend -quiet -no-progress "$@"
}

mounted() { # mounted IMAGE OPTIONS COMMAND...: runs it in the mounted image; skips where mounting is not allowed
	# In run.sh's own mount namespace: a copy of the mount in another would keep it in use.
	local image=$1 options=$2 status=0
	shift 2
	mkdir -p mnt
	mount -o "loop$options" "$image" mnt 2>/dev/null || skip "cannot mount"
	(cd mnt && "$@") || status=$?
	umount mnt
	return "$status"
}

same() { # same VOLUME TREE IMAGE...: what fwls reads of it is this tree
	local volume=$1 tree=$2
	shift 2
	rm -rf out
	mkdir out
	"$fwls" extract "$volume" out "$@"
	diff -r --no-dereference -x lost+found "$tree" out
}

survives() { # survives IMAGE...: damaged in many ways, reading ends and touches nothing that it must not
	"$fwls" damage "$rounds" "${SEED:-$RANDOM}" "$@"
}

log_is() { # log_is clean|dirty IMAGE: fwls says what xfs_repair says of an XFS's log
	local said=clean repair=clean
	"$fwls" list "$2" 2>&1 | grep -q 'not replayed' && said=dirty
	xfs_repair -f -n "$2" 2>&1 | grep -q 'valuable metadata changes in a log' && repair=dirty
	[[ $said == "$1" && $repair == "$1" ]] || {
		echo "$2: the log is said to be $said, and by xfs_repair to be $repair"
		return 1
	}
}

lists() { # lists PATTERN IMAGE...: fwls list has a line like it
	local pattern=$1
	shift
	"$fwls" list "$@" | tee list
	grep -qE -e "$pattern" list || {
		echo "no line like $pattern"
		return 1
	}
}
