# shellcheck shell=bash disable=SC2034,SC2154
# The machine that a guest finds.

case_hello_by_pvh() {
	start 0 --kernel "$guests/hello.elf"
	[[ $(cat out) == '!' ]]
}

case_memory() {
	local megabytes
	for megabytes in 16 128 1024 3071 3072 3073 5120; do
		say="memory=$((megabytes << 20))"
		check memory --memory "${megabytes}M"
	done
}

case_memory_of_64_gib() {
	say="memory=$((64 << 30))"
	check memory --memory 64G
}

case_initrd() {
	python3 -c 'import sys; sys.stdout.buffer.write(bytes(n * 7 & 255 for n in range(100001)))' >initrd
	for kernel in "$guests/tests.elf" "$guests/tests-linux64.elf"; do
		say="initrd=100001"
		check memory.initrd_is_where_it_was_said --initrd initrd
	done
}

case_linux_entry() {
	kernel=$guests/tests-linux64.elf
	say="memory=$((256 << 20))"
	check memory --memory 256M
	check acpi
	check cpu
}

case_cpuid_and_acpi() {
	local cpus
	for cpus in 1 2 3 4; do
		say="cpus=$cpus"
		check cpu --cpus "$cpus"
		check acpi --cpus "$cpus"
	done
}

case_processors() {
	local cpus
	for cpus in 1 2 3 4; do
		say="cpus=$cpus"
		check smp --cpus "$cpus"
	done
}

case_many_processors() {
	say="cpus=16"
	check smp --cpus 16
}

case_pci() {
	make_disk disk
	check pci --disk disk --cpus 2
}

case_bus() {
	check bus
}

case_rng() {
	check rng
}
