# NAT: from one flag to a Debian guest with an address, names and a way out; ports forwarded; with all offloads, checksums right
. ./network
if [ "$STAND_IN" = 1 ]; then skip 'the stand-in has no NAT'; fi
# Without offloads on the wire, as on a plain network card: both ends see checksums as they are, and check them.
ethtool -K up0 tx off >/dev/null
in_world ethtool -K up0 tx off >/dev/null
sysctl -qw net.ipv6.conf.all.forwarding=1
remember_network
in_world tcpdump -i up0 -nn -vv -l -c 800 "src host $HOST4 and (tcp or udp)" >"$WORK/tcpdump" 2>/dev/null &
debian_guest debian --net "nat,forward=8080:80,forward=tcp:$HOST4:6201:5201"
wait_guest debian 120
nic=$(answer debian 'cd /sys/class/net; echo e*')
on debian 40 "/usr/lib/mote-test/ifupdown $nic"
on debian 20 "ethtool -k $nic"
for feature in rx-checksumming tx-checksumming tcp-segmentation-offload generic-segmentation-offload scatter-gather; do
    said debian | grep -q "^$feature: on" || fail "in the guest, $feature is off"
done
expect_world debian
expect_downloads debian
expect_uploads debian
expect_iperf debian -R -c "$WORLD4"
expect_no_checksum_errors debian
grep -q 'cksum.*(correct)' "$WORK/tcpdump" || fail 'tcpdump has checked nothing'
if grep -A 1 'incorrect' "$WORK/tcpdump"; then fail 'wrong checksums have reached the world'; fi
on debian 20 "pkill dhclient; ip -4 address flush dev $nic"
on debian 60 "/usr/lib/mote-test/networkd $nic && ping -4 -c 1 world.test"
on debian 10 'mkdir -p /tmp/www && echo from the guest >/tmp/www/index.html && busybox httpd -h /tmp/www && iperf3 -s -D'
[ "$(in_world busybox wget -qO- "http://$HOST4:8080/")" = 'from the guest' ] || fail 'the forwarded port does not answer'
in_world iperf3 -c "$HOST4" -p 6201 -t 1 >/dev/null || fail 'iperf3 through the forwarded port'
leave debian
expect_network_as_before
