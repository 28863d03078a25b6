# shellcheck shell=bash disable=SC2034,SC2154
# What mote can't do: one clear line, exit status 125, nothing changed.

case_bad_kernel_missing() {
	refused 'nonexistent' --kernel nonexistent
}

case_bad_kernel_directory() {
	refused 'kernel|directory' --kernel .
}

case_bad_kernel_empty() {
	: >empty
	refused 'empty' --kernel empty
}

case_bad_kernel_text() {
	echo 'no kernel at all' >text
	refused 'text' --kernel text
}

case_bad_kernel_truncated() {
	local bytes
	for bytes in 10 64 200 5000; do
		head -c "$bytes" "$guests/tests.elf" >short
		refused 'short' --kernel short
	done
}

# The bytes of an ELF header that say 32-bit, big-endian, arm64.
case_bad_kernel_foreign() {
	cp "$guests/hello.elf" foreign
	printf '\001' | dd of=foreign bs=1 seek=4 conv=notrunc status=none
	refused 'foreign' --kernel foreign
	cp "$guests/hello.elf" foreign
	printf '\002' | dd of=foreign bs=1 seek=5 conv=notrunc status=none
	refused 'foreign' --kernel foreign
	cp "$guests/hello.elf" foreign
	printf '\267' | dd of=foreign bs=1 seek=18 conv=notrunc status=none
	refused 'foreign' --kernel foreign
}

case_bad_kernel_not_permitted() {
	[[ $(id -u) != 0 ]] || skip "root may read everything"
	cp "$guests/hello.elf" secret
	chmod 0 secret
	refused 'secret' --kernel secret
}

case_bad_no_kernel() {
	refused 'kernel' --memory 128M
}

case_bad_initrd() {
	refused 'nonexistent' --kernel "$guests/hello.elf" --initrd nonexistent
	refused 'initrd' --kernel "$guests/hello.elf" --initrd .
	truncate -s 200M large
	refused 'initrd|memory' --kernel "$guests/hello.elf" --memory 128M --initrd large
}

case_bad_command_line() {
	refused 'command line' --kernel "$guests/hello.elf" --append "$(printf 'x%.0s' {1..70000})"
}

case_bad_disk() {
	local before
	refused 'nonexistent' --kernel "$guests/hello.elf" --disk nonexistent
	refused 'directory' --kernel "$guests/hello.elf" --disk .
	refused 'null' --kernel "$guests/hello.elf" --disk /dev/null
	mkfifo fifo
	refused 'fifo' --kernel "$guests/hello.elf" --disk fifo
	: >empty
	refused 'empty' --kernel "$guests/hello.elf" --disk empty
	head -c 1000 /dev/zero >odd
	before=$(sha256sum <odd)
	refused '512' --kernel "$guests/hello.elf" --disk odd
	[[ $(sha256sum <odd) == "$before" ]]
}

case_bad_disk_option() {
	make_disk disk 2048
	refused 'colour' --kernel "$guests/hello.elf" --disk disk,colour=red
	refused 'cache' --kernel "$guests/hello.elf" --disk disk,cache=fast
	refused 'engine' --kernel "$guests/hello.elf" --disk disk,engine=steam
	refused 'queues' --kernel "$guests/hello.elf" --disk disk,queues=0
	refused 'queues' --kernel "$guests/hello.elf" --disk disk,queues=100000
	refused 'serial' --kernel "$guests/hello.elf" --disk disk,serial=012345678901234567890
}

case_bad_sizes() {
	local memory cpus
	for memory in 0 1M 2T 99999999999999999999G -1 12X '' 1.5G 100000K; do
		refused 'memory' --kernel "$guests/hello.elf" --memory "$memory"
	done
	for cpus in 0 65 -1 two '' 4294967297; do
		refused 'cpu' --kernel "$guests/hello.elf" --cpus "$cpus"
	done
}

case_bad_options() {
	refused 'kernle' --kernle x
	refused 'console' --kernel "$guests/hello.elf" --console lamp
	refused 'word' --kernel "$guests/hello.elf" word
	refused 'memory' --kernel "$guests/hello.elf" --memory
}
