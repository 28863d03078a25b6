# A bridge: Debian by ifupdown, a guest beside it, IPv6, VLAN tags, TCP in every direction; one MAC twice
. ./network
host_bridge br0
remember_network
bridge_mac=$(cat /sys/class/net/br0/address)
debian_guest debian --net bridge=br0
shell_guest small --net bridge=br0
wait_guest small 60
on small 20 'udhcpc -i eth0 -n -q -s /test/dhcp'
expect_world small
expect_downloads small
expect_uploads small

wait_guest debian 120
nic=$(answer debian 'cd /sys/class/net; echo e*')
on debian 60 "/usr/lib/mote-test/ifupdown $nic"
expect_world debian
[[ $(answer debian 'getent ahostsv6 world.test') == "$WORLD6 "* ]] || fail 'world.test has another address'
expect_iperf debian -c "$WORLD4"
expect_iperf debian -R -6 -c "$WORLD6"

address=$(answer debian "ip -4 -o address show dev $nic" | sed -nE 's/.* inet ([0-9.]+).*/\1/p')
on debian 10 'iperf3 -s -D'
on small 10 "ping -c 2 -s 4000 $address"
expect_iperf small -c "$address"
expect_iperf small -R -c "$address"

in_world ip link add link lan name lan.7 type vlan id 7
in_world ip address add 10.7.0.1/24 dev lan.7
in_world ip link set lan.7 up
on debian 10 "ip link add link $nic name tagged type vlan id 7"
on debian 10 'ip address add 10.7.0.2/24 dev tagged && ip link set tagged up'
on debian 10 'ping -c 2 -s 1472 -M do 10.7.0.1'
expect_iperf debian -c 10.7.0.1

[ "$(cat /sys/class/net/br0/address)" = "$bridge_mac" ] || fail 'the bridge has changed its address'
expect_no_checksum_errors debian
if [ "$STAND_IN" != 1 ]; then
    [ -z "$(ip -6 -br address show dev mote-tap0)" ] || fail 'the tap has an address of its own'
    mac=$(answer small 'cat /sys/class/net/eth0/address')
    vm 40 same "${CLOUD[@]}" --append 'quiet mote.init=poweroff' --net "bridge=br0,mac=$mac"
    expect_message "$mac is on the bridge"
    expect_end 'powered off'
    for name in debian small; do
        if grep -q "$mac is on the bridge" "$WORK/$name.err"; then fail "$name was warned too"; fi
    done
fi
leave small
leave debian
expect_network_as_before
