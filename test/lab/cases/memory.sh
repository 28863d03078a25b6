# Memory above the 32-bit gap, and four vCPUs
vm 90 vm "${CLOUD[@]}" --memory 6G --cpus 4 --append 'quiet mote.init=facts'
expect_passed facts
expect_fact 'nproc 4$'
kib=$(console | sed -n 's/^fact memory-kib //p')
[ "$kib" -gt $((5700 * 1024)) ] || fail "the guest has $kib KiB of 6 GiB"
expect_end 'powered off'
