# A tap, one with vhost, and macvtap: Debian by ifupdown and systemd-networkd; links go down and up, a tap goes and comes
# when named
. ./network
host_bridge br0
link_to_world up1
for tap in plain vhost; do
    host_tap "$tap"
    ip link set "$tap" master br0
done
remember_network
debian_guest debian --net tap=plain --net tap=vhost,vhost=on --net macvtap=up1
wait_guest debian 120
read -r -a nics < <(answer debian 'cd /sys/class/net; echo e*')
[ ${#nics[@]} = 3 ] || fail "the guest has ${nics[*]}"
plain=${nics[0]}
expect_traffic() {
    expect_downloads debian
    expect_uploads debian
    expect_iperf debian -c "$WORLD4"
    expect_iperf debian -R -c "$WORLD4"
}
on debian 60 "/usr/lib/mote-test/ifupdown $plain"
expect_world debian
expect_traffic
on debian 20 "pkill dhclient; ip address flush dev $plain && ip link set $plain down"
for number in 1 2; do
    nic=${nics[number]}
    on debian 20 "ip address add 198.51.100.5$number/24 dev $nic && ip link set $nic up && ping -c 2 -w 10 $WORLD4"
    on debian 20 "wait_for ping -6 -c 1 -w 1 $WORLD6"
    expect_traffic
    on debian 20 "ip address flush dev $nic && ip link set $nic down"
done
expect_no_checksum_errors debian
on debian 60 "/usr/lib/mote-test/networkd ${nics[*]}"

# What becomes of the host's end, the guest sees, and it comes back with an address.
ip link set plain down
on debian 30 "wait_for grep -q 0 /sys/class/net/$plain/carrier"
on debian 30 "wait_for '! ip -4 -o address show dev $plain | grep -q .'"
ip link set plain up
on debian 30 "wait_for 'ip -4 -o address show dev $plain | grep -q .'"
if [ "$STAND_IN" != 1 ]; then
    address=$(cat /sys/class/net/plain/address)
    ip link delete plain
    wait_message 'network interface 0 has lost' 20
    on debian 10 "grep -q 0 /sys/class/net/$plain/carrier"
    host_tap plain
    ip link set plain address "$address" master br0
    wait_message 'network interface 0 is connected again' 20
    on debian 30 "wait_for 'ip -4 -o address show dev $plain | grep -q .'"
fi
leave debian
expect_network_as_before
