# Whole systems on disks, and what the loader is to say about them. Sourced by run.sh.
#
# A case makes trees of files, each in a folder that is named for its file system: root, boot, esp, xbootldr. A boot
# loader's configuration goes into them (boot_grub.sh, boot_configs.sh), `format` makes a file system of each, and the
# on_... put them on a disk. Each of these notes what is to come of it; `boots` compares that with what does.
# shellcheck shell=bash

declare -A uuid=([root]=4f3d2b1a-0001-4a4b-8c8d-1234567890ab [boot]=0b0b0b0b-0002-4a4b-8c8d-1234567890ab
	[esp]=12AB-34CD [xbootldr]=56EF-7890)

# Of a file system: what the loader says it is, and where it finds it.
declare -A is=() at=()
disk_lines=() volume_lines=() disks=()

# Of each entry; the one that is to be started, and the configuration's file. FILE on FS is a file.
titles=() versions=() kernels=() initrds=() arguments=() origins=()
chosen=0 origin=
bits=64 root_is='' drivers=there

zeroes() { head -c "$1" /dev/zero; }
kernel() { # kernel VERSION: as much of a bzImage as is looked at (Linux boot protocol, "The Real-Mode Kernel Header")
	zeroes 512
	printf '\xeb\x66HdrS\x0f\x02' && zeroes 6 # 0x200
	printf '\0\1\0\1' && zeroes 36 # 0x20e: the version's place; loaded high
	if ((bits == 64)); then printf '\1\0'; else printf '\0\0'; fi # 0x236
	zeroes 200
	printf '%s (builder@example) #1 SMP\0' "$1" # 0x300
	zeroes 4096
	printf 'end' # mke2fs 1.47.0 loses zeroes at the end of a file, with inline data
}
initrd() { # an archive of files that are empty, whose names are the input's lines
	local name
	{ cat && echo 'TRAILER!!!'; } | while read -r name; do
		printf '070701%088d%08x%08d%s\0' 0 $((${#name} + 1)) 0 "$name"
		zeroes $(((-(110 + ${#name} + 1)) & 3))
	done
}
drivers_in() { # drivers_in VERSION: their names in an initrd
	printf "usr/lib/modules/$1/kernel/drivers/%s\n" block/virtio_blk.ko virtio/virtio_pci.ko
}

# The folder that is /boot, the file system that it lies on, and its path there.
boot=root/boot boot_on=root prefix=/boot
boot_apart() { # /boot is a file system of its own
	boot=boot boot_on=boot prefix=
}

# A root file system, and kernels in /boot; their initrds are called as the NAME says, with the version for '%s'.
make_system() { # make_system NAME VERSION...
	local name=$1 version
	shift
	mkdir -p root/{etc,sbin,boot} "$boot"
	: >root/sbin/init
	echo 'NAME="Debian GNU/Linux"' >root/etc/os-release
	for version; do
		kernel "$version" >"$boot/vmlinuz-$version"
		drivers_in "$version" | initrd | gzip -n >"$boot/${name//%s/$version}"
	done
}

# An entry that should be there, after those before.
entry() { # entry TITLE VERSION KERNEL INITRDS ARGUMENTS [ORIGIN]
	titles+=("$1") versions+=("$2") kernels+=("$3") initrds+=("$4") arguments+=("$5") origins+=("${6-$origin}")
}

format() { # format NAME KIND [OPTIONS...]
	local name=$1 kind=$2 image=$1.img
	shift 2
	case $kind in
	ext?)
		make_ext "$image" 24M "$name" -t "$kind" -U "${uuid[$name]}" "$@"
		kind=ext4
		;;
	# What its own tests set: it wants 300 MiB otherwise.
	xfs) TEST_DIR=. TEST_DEV=. QA_CHECK_FS=. make_xfs "$image" 64M "$name" -m "uuid=${uuid[$name]}" "$@" ;;
	btrfs) make_btrfs "$image" 112M "$name" -U "${uuid[$name]}" "$@" ;;
	vfat) make_fat "$image" 36M "$name" -F 32 -s 1 -i "${uuid[$name]/-/}" "$@" ;;
	esac
	is[$name]="$kind, UUID ${uuid[$name]}"
}

# A btrfs whose root is a subvolume, made and filled by the kernel.
subvolume() {
	btrfs subvolume create "$1" >/dev/null
	cp -a "../$2/." "$1"
}
format_subvolume() { # format_subvolume NAME SUBVOLUME [MOUNT_OPTIONS]
	mkdir -p empty
	make_btrfs "$1.img" 112M empty -U "${uuid[$1]}"
	mounted "$1.img" "${3-}" subvolume "$2" "$1"
	is[$1]="btrfs, UUID ${uuid[$1]}"
}

mib() { echo $(($(stat -c %s "$1") >> 20)); }

# Notes a volume, or what is where a file system's image went.
found() { # found NAME VOLUME [KIND]
	at[$1]=$2
	volume_lines+=("  $2: $(mib "$1.img") MiB${3:+, $3}, ${is[$1]}")
}

# Images behind each other; each begins at a MiB.
starts=() total=
arrange() { # arrange FIRST_MIB GAP NAME...
	local next=$1 gap=$2 name
	starts=()
	for name in "${@:3}"; do
		starts+=("$next")
		next=$((next + $(mib "$name.img") + gap))
	done
	total=$((next + 1))
	truncate -s "${total}M" disk
	disk_lines=("vda: $total MiB, divided") disks=(disk)
}
lay() { # lay NAME...: copies them to their places
	local i=0 name
	for name; do dd if="$name.img" of=disk bs=1M seek="${starts[i++]}" conv=notrunc,sparse status=none; done
}
declare -A kinds=([esp]='EFI system partition' [xbootldr]='extended boot loader partition')
declare -A types=([esp]=U [xbootldr]=BC13C2FF-59E6-4262-A352-B275FD6F7172 [pv]=V)
declare -A dos_types=([esp]=ef [pv]=8e)

by_sfdisk() { # by_sfdisk LABEL TYPES OTHER NAME...: types by the map TYPES, or else OTHER
	local -n types_of=$2
	local label=$1 other=$3 i=0 name
	shift 3
	need sfdisk
	arrange 1 0 "$@"
	for name; do echo "start=${starts[i++]}MiB, size=$(mib "$name.img")MiB, type=${types_of[$name]:-$other}"; done |
		{ echo "label: $label" && cat; } | sfdisk -q disk
	lay "$@"
	for ((i = 1; i <= $#; i++)); do found "${!i}" "vda$i" "${kinds[${!i}]-}"; done
}
on_gpt() { by_sfdisk gpt types L "$@"; } # on_gpt NAME...
on_mbr() { by_sfdisk dos dos_types 83 "$@"; } # on_mbr NAME...
on_gpt_by_parted() { # on_gpt_by_parted NAME...
	local i=0 name script=(mklabel gpt)
	need parted
	arrange 1 0 "$@"
	for name; do
		script+=(mkpart "$name" "${starts[i]}MiB" "$((starts[i] + $(mib "$name.img")))MiB")
		i=$((i + 1))
		if [[ $name == esp ]]; then script+=(set "$i" esp on); fi
	done
	parted -s disk "${script[@]}"
	lay "$@"
	for ((i = 1; i <= $#; i++)); do found "${!i}" "vda$i" "${kinds[${!i}]-}"; done
}
# All of them are logical partitions, behind a primary one that is swap.
on_mbr_logical() { # on_mbr_logical NAME...
	local i=0 name
	need sfdisk mkswap
	arrange 4 1 "$@"
	{
		printf 'label: dos\nstart=1MiB, size=1MiB, type=82\nstart=2MiB, type=5\n'
		for name; do echo "start=${starts[i++]}MiB, size=$(mib "$name.img")MiB, type=83"; done
	} | sfdisk -q disk
	truncate -s 1M swap
	mkswap -q swap
	dd if=swap of=disk bs=1M seek=1 conv=notrunc status=none
	lay "$@"
	volume_lines=('  vda1: 1 MiB, swap')
	for ((i = 1; i <= $#; i++)); do found "${!i}" "vda$((i + 4))"; done
}
on_bare_disk() { # on_bare_disk NAME
	at[$1]=vda disks=("$1.img")
	disk_lines=("vda: $(mib "$1.img") MiB, ${is[$1]}")
}
on_two_bare_disks() { # on_two_bare_disks NAME NAME
	on_bare_disk "$1"
	at[$2]=vdb disks+=("$2.img")
	disk_lines+=("vdb: $(mib "$2.img") MiB, ${is[$2]}")
}

# A physical volume, pv.img, with a logical volume for each image. The group's name has a hyphen.
group=vg-0
make_pv() { # make_pv NAME...
	local name start=1 size=8
	for name; do size=$((size + $(mib "$name.img"))); done
	truncate -s "${size}M" pv.img
	attach pv.img
	lvm pvcreate "${loops[0]}"
	lvm vgcreate "$group" "${loops[0]}"
	for name; do
		create -L "$(mib "$name.img")M" -n "$name" "$group"
		dd if="$name.img" of=pv.img bs=1M seek="$start" conv=notrunc,sparse status=none
		start=$((start + $(mib "$name.img")))
	done
	sync pv.img
	is[pv]='LVM physical volume'
}
found_in_group() { # found_in_group NAME...: after the partitions, by name
	local name
	while read -r name; do found "$name" "$group/$name"; done < <(printf '%s\n' "$@" | sort)
}
on_two_disks_striped() { # on_two_disks_striped NAME
	local size
	size=$(($(mib "$1.img") / 2 + 8))
	truncate -s "${size}M" one two
	attach one two
	lvm pvcreate "${loops[@]}"
	lvm vgcreate "$group" "${loops[@]}"
	create -L "$(mib "$1.img")M" -i 2 -I 64k -n "$1" "$group" "${loops[@]}"
	deal "$1.img" one two
	disks=(one two)
	disk_lines=("vda: $size MiB, LVM physical volume" "vdb: $size MiB, LVM physical volume")
	found_in_group "$1"
}

# "FILE on FS" with the volume's name for the file system's.
placed() { echo "${1% on *} on ${at[${1##* on }]}"; }

report() {
	local i mark
	printf '%s\n' "${disk_lines[@]}" "${volume_lines[@]}"
	echo "entries of $(placed "${origins[chosen]}"):"
	for i in "${!titles[@]}"; do
		mark=' '
		if ((i == chosen)); then mark='*'; fi
		printf '%s %2d  %s\n' "$mark" "$i" "${titles[i]}"
	done
	i=$chosen
	echo "kernel: $(placed "${kernels[i]}"), 5 KiB, $bits-bit Linux ${versions[i]}"
	while read -r line; do echo "initrd: $(placed "$line")"; done < <(grep . <<<"${initrds[i]}")
	echo "arguments: ${arguments[i]}"
	echo "root: ${root_is:-${at[root]}}"
	echo "virtio drivers: $drivers"
}
inspect() { # inspect [OPTIONS...]: into the file `answer`
	local status=0
	"$fwboot" inspect "$@" "${disks[@]}" >answer 2>said || status=$?
	if ((status != 0 && status != 2)); then
		echo "exit status $status"
		cat said
		return 1
	fi
}
boots() { # boots [OPTIONS...]: all of the report is as expected; each damaged copy of the disks gets some answer
	inspect "$@"
	report | grep -v '^$' >expected
	diff expected answer || {
		cat said
		return 1
	}
	"$fwboot" damage $((4 * rounds)) "${SEED:-$RANDOM}" "${disks[@]}"
}
fails() { # fails WHY: nothing can be started, and this is what is said
	inspect
	grep -qxF "failed: $1" answer || {
		cat said answer
		return 1
	}
	"$fwboot" damage $((4 * rounds)) "${SEED:-$RANDOM}" "${disks[@]}"
}
