# shellcheck shell=bash disable=SC2034,SC2154
# The bench guest: what it measures is real, and every way in which it waits comes to an end.

case_bench_reads_what_it_wrote() {
	make_disk disk
	start 0 --kernel "$guests/bench.elf" --append "op=verify completion=interrupt queues=2 depth=2" \
		--disk disk,queues=2
	grep -q '^bench: op=verify blocks=64 bad=0' out
}

case_bench_ways_of_waiting() {
	local completion
	for completion in poll interrupt halt; do
		make_disk "disk-$completion"
		start 0 --kernel "$guests/bench.elf" --disk "disk-$completion" \
			--append "op=randwrite completion=$completion depth=8 ops=2000"
		grep -Eq "^bench: op=randwrite .*completion=$completion ops=2[0-9]{3} .* errors=0" out
	done
}
