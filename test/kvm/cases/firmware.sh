# shellcheck shell=bash disable=SC2034,SC2154
# Starting what a disk holds: the loader in the guest, from the disk to the kernel's first instruction, and what it says
# when there is nothing to start. Images are made without root.

uuid=11111111-2222-3333-4444-555555555555

# A folder `system` as a distribution leaves it: a kernel, an initrd of 100,001 bytes that the guest knows, and GRUB's
# configuration with the given ARGUMENTS for the first entry.
make_system() { # ARGUMENTS
	rm -rf system
	mkdir -p system/boot/grub
	cp "$guests/tests.elf" system/boot/vmlinuz-1
	python3 -c 'import sys; sys.stdout.buffer.write(bytes(n * 7 & 255 for n in range(100001)))' >system/boot/initrd-1
	cat >system/boot/grub/grub.cfg <<-END
		set default="0"
		menuentry 'The first' --id first {
			search --no-floppy --fs-uuid --set=root $uuid
			linux /boot/vmlinuz-1 $1
			initrd /boot/initrd-1
		}
		submenu 'More' {
			menuentry 'The second' --id second {
				linux /boot/vmlinuz-1 test=cpu
			}
		}
	END
}

make_ext4() { # FILE [OPTION...]
	rm -f "$1"
	truncate -s "${size-64M}" "$1"
	/sbin/mke2fs -q -t ext4 -U "$uuid" "${@:2}" -d system "$1"
}

# The file system at 1 MiB of a disk, in a partition of a table of the KIND (dos, gpt).
make_partitioned() { # FILE KIND
	size=62M make_ext4 part
	truncate -s 64M "$1"
	echo 'start=2048, size=126976, type=L' | /sbin/sfdisk -q --label "$2" "$1"
	dd if=part of="$1" bs=1M seek=1 conv=notrunc status=none
}

# The guest's TESTS, which the disk names, pass; they are told how much memory they have, in MiB in `memory`.
boots() { # TESTS ARGUMENT...
	start 0 "${@:2}" --memory "${memory-512}M" --append "memory=$((${memory-512} << 20)) ${say-}"
	grep -q "^$1.*: ok" out
	grep -Eq '^guest: [1-9][0-9]* passed, 0 failed' out
}

# Nothing is started: exit status 125, no output, and the last line says TEXT.
fails() { # TEXT ARGUMENT...
	start 125 "${@:2}"
	[[ ! -s out ]]
	tail -n 1 err | grep -Eq -- "$1" || {
		echo "the last line does not say '$1'"
		return 1
	}
}

inspect() { # STATUS ARGUMENT...
	local status=0
	timeout -s KILL 60 "$mote" inspect "${@:2}" >out 2>err || status=$?
	cat out err
	[[ $status == "$1" ]]
}

case_firmware_bare_file_system() {
	make_system "test=memory initrd=100001"
	make_ext4 disk
	boots memory --disk disk
	[[ ! -s err ]] || {
		echo "a start that goes well says nothing"
		return 1
	}
}

case_firmware_partitions() {
	make_system "test=memory initrd=100001"
	make_partitioned disk dos
	boots memory --disk disk
	make_partitioned disk gpt
	boots memory --disk disk
}

case_firmware_other_disks_and_small_memory() {
	make_system "test=memory initrd=100001"
	make_ext4 disk
	truncate -s 1M empty
	memory=32 boots memory --disk empty --disk disk,ro
	memory=4096 boots memory --disk disk --cpus 2
}

case_firmware_block_sizes() {
	make_system "test=memory initrd=100001"
	make_ext4 disk -b 4096
	boots memory --disk disk,block=4096
	make_ext4 disk -b 1024
	boots memory --disk disk
}

# Each archive of the initrd starts at a multiple of 4.
case_firmware_two_initrds() {
	make_system "test=memory initrd=100004"
	python3 -c 'import sys; sys.stdout.buffer.write(bytes(n * 7 & 255 for n in range(4096, 100004)))' >system/boot/initrd-2
	truncate -s 4096 system/boot/initrd-1
	sed -i 's|initrd /boot/initrd-1|initrd /boot/initrd-1 /boot/initrd-2|' system/boot/grub/grub.cfg
	make_ext4 disk
	boots memory --disk disk
}

case_firmware_entry_is_chosen() {
	make_system "test=memory initrd=100001"
	make_ext4 disk
	boots cpu --disk disk --boot-entry second
	boots cpu --disk disk --boot-entry 'More>The second'
	boots memory --disk disk --boot-entry 0
	fails "no boot entry 'third'" --disk disk --boot-entry third
	grep -q 'The second' err
}

case_firmware_append_adds() {
	make_system "initrd=100001"
	make_ext4 disk
	say=test=memory boots memory --disk disk
}

case_firmware_menu() {
	make_system "test=memory initrd=100001"
	make_ext4 disk
	on_terminal 'The second' '\x1b[B' '>  1' '\r' -- "$mote" run --disk disk --boot-menu
	grep -q '^cpu.*ok' out
}

case_firmware_menu_edits_arguments() {
	make_system "initrd=100001"
	make_ext4 disk
	on_terminal 'The second' e 'Escape goes back' ' test=memory\r' -- "$mote" run --disk disk --boot-menu
	grep -q '^memory.*ok' out
}

case_firmware_reads_little_more_than_it_starts() {
	local read
	make_system "test=cpu"
	head -c 8000000 /dev/urandom >system/boot/initrd-1
	make_ext4 disk
	start 0 --disk disk --verbose
	read=$(sed -n 's/^.*vda: \([0-9]*\) KiB read by.*/\1/p' err)
	echo "$read KiB read"
	((read * 1024 * 10 <= (8000000 + $(stat -c %s system/boot/vmlinuz-1)) * 12))
}

case_firmware_inspect() {
	make_system "root=UUID=$uuid ro quiet"
	make_ext4 disk -L system
	inspect 0 disk
	diff out - <<-END
		vda: 64 MiB, ext4, label system, UUID $uuid
		entries of /boot/grub/grub.cfg on vda:
		*  0  The first
		   1  More > The second
		kernel: /boot/vmlinuz-1 on vda, $((($(stat -c %s system/boot/vmlinuz-1) + 1023) / 1024)) KiB, 64-bit ELF file
		initrd: /boot/initrd-1 on vda
		arguments: root=UUID=$uuid ro quiet
		root: vda
	END
	[[ ! -s err ]]
	inspect 0 --boot-entry second --append more disk
	grep -q '^arguments: test=cpu more$' out
}

case_firmware_inspect_writes_nothing() {
	local before
	make_system ''
	make_ext4 disk
	before=$(sha256sum <disk)
	inspect 0 disk
	[[ $(sha256sum <disk) == "$before" ]]
}

case_firmware_nothing_there() {
	truncate -s 4M disk
	fails 'no disk holds a file system' --disk disk
	printf 'LUKS\xba\xbe' | dd of=disk conv=notrunc status=none
	fails 'encrypted' --disk disk
	grep -q 'vda: LUKS' err
	mkdir system
	touch system/readme
	make_ext4 disk
	fails 'no boot loader.s configuration and no kernel' --disk disk
	grep -q 'vda: ext4' err
	inspect 125 disk
}

case_firmware_kernel_that_can_not_start() {
	make_system ''
	head -c 100000 /dev/zero >system/boot/vmlinuz-1
	printf 'ARM\x64' | dd of=system/boot/vmlinuz-1 bs=1 seek=56 conv=notrunc status=none
	make_ext4 disk
	fails 'vmlinuz-1 on vda is a kernel for arm64' --disk disk
	head -c 100000 /dev/zero >system/boot/vmlinuz-1
	make_ext4 disk
	fails 'is no kernel' --disk disk
	: >system/boot/vmlinuz-1
	make_ext4 disk
	fails 'is empty' --disk disk
}

# What the VMM finds wrong, it says itself.
case_firmware_kernel_is_hostile() {
	make_system ''
	truncate -s 5000 system/boot/vmlinuz-1
	make_ext4 disk
	fails "the kernel /boot/vmlinuz-1 on vda can't be started" --disk disk
}

case_firmware_too_large_for_memory() {
	make_system ''
	head -c 40000000 /dev/zero >system/boot/initrd-1
	make_ext4 disk
	fails 'raise --memory' --disk disk --memory 32M
}

# Whatever the disk holds there is an end, and it is no crash.
case_firmware_damaged_disks_end() {
	local round status
	make_system "test=cpu"
	make_ext4 good
	for ((round = 0; round < 12; round++)); do
		cp --sparse=always good disk
		python3 - "$round" <<-END
			import random, sys
			random.seed(int(sys.argv[1]))
			with open("disk", "r+b") as disk:
			    for _ in range(300):
			        disk.seek(random.randrange(1024, 2 << 20))
			        disk.write(bytes([random.randrange(256)]))
		END
		status=0
		timeout -s KILL 60 "$mote" run --disk disk </dev/null >out 2>err || status=$?
		echo "round $round: status $status: $(tail -n 1 err)"
		case $status in
		0) grep -q '^guest: ' out ;;
		125) [[ -s err ]] ;;
		*) return 1 ;;
		esac
	done
}
