# Rate limits: operations and bytes a second come within 5% of what was asked for
# Far below what the lab can do, even on a busy machine.
fresh_disk "$CASE.iops" 64M
fresh_disk "$CASE.bandwidth" 64M
small_guest 90 vm rates "/dev/mote/$CASE.iops,serial=IOPS,iops=60" "/dev/mote/$CASE.bandwidth,serial=BANDWIDTH,bandwidth=1M"
step "iops=60: $(fact iops); bandwidth=1M: $(fact bandwidth) KiB a second"
# expect_near GOT WANTED
expect_near() { [ $((${1%% *} * 100)) -ge $(($2 * 95)) ] && [ $((${1%% *} * 100)) -le $(($2 * 105)) ] || fail "$1 is not within 5% of $2"; }
expect_near "$(fact iops)" 60
expect_near "$(fact bandwidth)" 1024
