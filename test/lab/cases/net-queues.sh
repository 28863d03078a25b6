# Four queue pairs: all carry traffic, their number changes while they do, and a frame of 9000 bytes fits with mtu=
. ./network
host_bridge br0
host_tap mq0 multi_queue
ip link set mq0 master br0 mtu 9000
for device in br0 up0; do ip link set "$device" mtu 9000; done
for device in up0 lan; do in_world ip link set "$device" mtu 9000; done
remember_network
shell_guest small --cpus 4 --net tap=mq0,queues=4,mtu=9000
wait_guest small 90
on small 20 'udhcpc -i eth0 -n -q -s /test/dhcp'
[ "$(answer small 'cat /sys/class/net/eth0/mtu')" = 9000 ] || fail 'the guest has another MTU'
on small 10 "ping -c 2 -s 8972 $WORLD4"
on small 10 'ethtool -l eth0'
[ "$(said small | grep -c 'Combined:[[:space:]]*4$')" = 2 ] || fail "not four queues: $(said small)"
# used rx|tx: how many queues have carried more than a few packets.
used() { on small 10 'ethtool -S eth0' && said small | grep -E "^ *$1_queue_[0-9]_packets:" | awk '$2 > 10' | wc -l; }
expect_iperf small -P 8 -c "$WORLD4"
expect_iperf small -P 8 -R -c "$WORLD4"
rx=$(used rx) tx=$(used tx)
step "queues with traffic: $rx to receive, $tx to send"
[ "$rx" -ge 2 ] && [ "$tx" -ge 2 ] || fail 'the traffic is not spread over the queues'
on small 10 'iperf3 -t 6 -P 4 -c world.test >/tmp/iperf 2>&1 &'
for number in 1 3 2 4; do on small 10 "ethtool -L eth0 combined $number && sleep 0.5"; done
expect_downloads small
expect_uploads small
on small 20 'wait_for grep -q receiver /tmp/iperf'
leave small
expect_network_as_before
