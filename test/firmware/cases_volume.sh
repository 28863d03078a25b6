# Ways to divide disks: what the tools made is what fwls lists. Sourced by run.sh.
# shellcheck shell=bash

# Puts the small file system at a sector of an image.
put() { # put IMAGE SECTOR
	dd if="$shared/small.ext4" of="$1" bs=512 seek="$2" conv=notrunc,sparse status=none
}

loops=()
attach() { # attach [--sector-size BYTES] IMAGE...
	local image options=()
	need losetup
	if [[ $1 == --* ]]; then
		options=("$1" "$2")
		shift 2
	fi
	for image in "$@"; do
		loops+=("$(losetup -f --show "${options[@]}" "$image" 2>/dev/null)") || skip "no loop devices"
	done
	trap 'losetup -d "${loops[@]}"' EXIT
}

gpt() { # gpt DISK: an image, or a device
	need sfdisk
	[[ -b $1 ]] || truncate -s 64M "$1"
	sfdisk -q "$1" <<-END
		label: gpt
		size=4MiB, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=00112233-4455-6677-8899-aabbccddeeff
		size=4MiB, type=BC13C2FF-59E6-4262-A352-B275FD6F7172
		start=20MiB, size=32MiB, type=L, uuid=A0112233-4455-6677-8899-AABBCCDDEEFF
	END
	put disk 40960
}
case_gpt() {
	gpt disk
	lists '^vda1 .*scheme=g partuuid=00112233-4455-6677-8899-aabbccddeeff esp ' disk
	lists '^vda2 .*xbootldr' disk
	lists '^vda3 .*partuuid=a0112233-4455-6677-8899-aabbccddeeff .*fs=ext4' disk
	same vda3 "$shared/small" disk
	survives disk
}
case_gpt_second_copy() {
	gpt disk
	dd if=/dev/zero of=disk bs=512 seek=1 count=1 conv=notrunc status=none
	same vda3 "$shared/small" disk
	survives disk
}
case_gpt_sectors_4k() {
	truncate -s 64M disk
	attach --sector-size 4096 disk
	gpt "${loops[0]}" 2>/dev/null
	sync disk
	same vda3 "$shared/small" disk
	survives disk
}
case_gpt_numbers() {
	need sgdisk
	truncate -s 64M disk
	sgdisk -n 7:0:+1M -n 128:20M:+32M disk >/dev/null
	put disk 40960
	lists '^vda7 .*part=7 ' disk
	same vda128 "$shared/small" disk
}
case_mbr() {
	need sfdisk
	truncate -s 64M disk
	sfdisk -q disk <<-END
		label: dos
		label-id: 0x12ab34cd
		start=2048, size=8192, type=ef
		start=10240, size=65536, type=83, bootable
	END
	put disk 10240
	lists '^vda1 .*scheme=m partuuid=12ab34cd-01 esp ' disk
	lists '^vda2 .*partuuid=12ab34cd-02 .*fs=ext4' disk
	same vda2 "$shared/small" disk
	survives disk
}
case_mbr_logical() {
	need sfdisk
	truncate -s 96M disk
	sfdisk -q disk <<-END
		label: dos
		start=2048, size=8192, type=83
		start=10240, type=5
		start=12288, size=8192, type=83
		start=24576, size=65536, type=83
		start=98304, size=8192, type=83
	END
	put disk 24576
	lists '^vda5 .*part=5 ' disk
	lists '^vda7 ' disk
	same vda6 "$shared/small" disk
	survives disk
}
case_bare() {
	cp "$shared/small.ext4" disk
	same vda "$shared/small" disk
}
case_empty() {
	truncate -s 1M disk
	lists '^vda .*fs=-$' disk
	truncate -s 100 disk
	lists '^vda .*fs=-$' disk
	truncate -s 1 disk
	lists '^vda .*fs=-$' disk
}
case_random() {
	head -c 2M /dev/urandom >disk
	lists '^vda .*fs=-$' disk
}

# Physical volumes on loop devices, without device-mapper. A logical volume can't be opened so: its bytes are put where
# the extents lie.
lvm() { # lvm COMMAND ARGUMENTS...
	local filter='' loop
	need "$1"
	for loop in "${loops[@]}"; do filter+="\"a|^$loop\$|\","; done
	LVM_SUPPRESS_FD_WARNINGS=1 command "$1" --driverloaded n --config "devices { use_devicesfile=0
		filter=[$filter\"r|.*|\"] scan=[\"/dev\"] } activation { udev_sync=0 udev_rules=0 monitoring=0 }
		backup { backup=0 archive=0 } global { locking_type=1 }" -q "${@:2}" 2>&1 | grep -v 'WARNING' || true
}
create() { # create OPTIONS...: a logical volume
	lvm lvcreate -an -Zn -Wn "$@"
}
case_lvm() {
	truncate -s 100M disk
	attach disk
	lvm pvcreate "${loops[0]}"
	lvm vgcreate vg-0 "${loops[0]}"
	create -L 8M -n swap vg-0
	create -L 32M -n root vg-0
	create -L 8M -n usr.local vg-0
	put disk $((2048 + 8 * 2048))
	sync disk
	lists '^vg-0/root .*lv=vg-0/root lvid=[a-zA-Z0-9]{6}-[-a-zA-Z0-9]*/[a-zA-Z0-9]{6}-.* fs=ext4' disk
	[[ $("$fwls" list disk | awk '/^vg/ { print $1 }' | tr '\n' ' ') == 'vg-0/root vg-0/swap vg-0/usr.local ' ]]
	same vg-0/root "$shared/small" disk
	survives disk
}
# The volume ends on the second disk; changed so often that the metadata has gone round its ring.
case_lvm_two_disks() {
	local i
	truncate -s 32M one
	truncate -s 64M two
	attach one two
	lvm pvcreate "${loops[@]}"
	lvm vgcreate vg-0 "${loops[@]}"
	create -l 7 -n root vg-0 "${loops[0]}"
	lvm lvextend -l +5 vg-0/root "${loops[1]}"
	for i in $(seq 60); do lvm lvchange --addtag "tag-$i-$(head -c 900 /dev/zero | tr '\0' t)" vg-0/root; done
	dd if="$shared/small.ext4" of=one bs=1M seek=1 count=28 conv=notrunc status=none
	dd if="$shared/small.ext4" of=two bs=1M seek=1 skip=28 conv=notrunc status=none
	sync one two
	same vg-0/root "$shared/small" one two
	same vg-0/root "$shared/small" two one
	"$fwls" list one 2>&1 | grep -q 'a physical volume of it is missing'
	survives one two
}
# Deals an image out to the stripes, of 64 KiB, of a logical volume that begins at the first extent of both.
deal() { # deal IMAGE ONE TWO
	python3 - "$@" <<-'END' || skip "no python3"
		import sys
		data = open(sys.argv[1], 'rb').read()
		disks = [open(name, 'r+b') for name in sys.argv[2:]]
		for disk in disks:
		    disk.seek(1 << 20)
		for i in range(0, len(data), 65536):
		    disks[i // 65536 % 2].write(data[i:i + 65536])
	END
	sync "${@:2}"
}
case_lvm_striped() {
	truncate -s 40M one
	truncate -s 40M two
	attach one two
	lvm pvcreate "${loops[@]}"
	lvm vgcreate vg-0 "${loops[@]}"
	create -L 32M -i 2 -I 64k -n root vg-0 "${loops[@]}"
	deal "$shared/small.ext4" one two
	same vg-0/root "$shared/small" one two
	survives one two
}
case_lvm_in_partition() {
	need sfdisk
	truncate -s 100M disk
	sfdisk -q disk <<-END
		label: gpt
		size=8MiB, type=U
		type=V
	END
	truncate -s 80M pv
	attach pv
	lvm pvcreate "${loops[0]}"
	lvm vgcreate vg-0 "${loops[0]}"
	create -L 32M -n root vg-0
	put pv 2048
	sync pv
	dd if=pv of=disk bs=1M seek=9 conv=notrunc status=none
	same vg-0/root "$shared/small" disk
	survives disk
}
