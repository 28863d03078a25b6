# passt: Debian by ifupdown and systemd-networkd, ports forwarded; passt dies and comes back, and ends with the VM
. ./network
# The host's gateway is its resolver too, and both are to be reached as they are. The setting is as Debian's systemd has it.
sysctl -qw net.ipv4.ping_group_range='0 2147483647'
remember_network
debian_guest debian --net user,forward=8080:80,forward=tcp:6201:5201
wait_guest debian 120
nic=$(answer debian 'cd /sys/class/net; echo e*')
on debian 40 "/usr/lib/mote-test/ifupdown $nic"
expect_world debian
expect_downloads debian
expect_uploads debian
on debian 20 "pkill dhclient; ip -4 address flush dev $nic"
on debian 60 "/usr/lib/mote-test/networkd $nic && ping -4 -c 1 world.test"
expect_iperf debian -R -6 -c "$WORLD6"
on debian 10 'mkdir -p /tmp/www && echo from the guest >/tmp/www/index.html && busybox httpd -h /tmp/www && iperf3 -s -D'
# It is in the background before it listens, on port 0x1451.
on debian 20 'wait_for grep -q :1451 /proc/net/tcp6'
# expect_forwarded WHAT: within some tries, since a connection is refused for as long as passt does not know its guest.
expect_forwarded() {
    local tries=$((5 * PATIENCE)) said
    until said=$(in_world busybox wget -qO- "http://$HOST4:8080/") && [ "$said" = 'from the guest' ]; do
        [ $((tries -= 1)) -gt 0 ] || fail "$1: '$said'"
        sleep 1
    done
}
expect_forwarded 'the forwarded port does not answer'
in_world iperf3 -c "$HOST4" -p 6201 -t 1 >/dev/null || fail 'iperf3 through the forwarded port'

if [ "$STAND_IN" != 1 ]; then
    pkill -9 --ns $$ --nslist net '^passt' || fail 'there is no passt'
    choose_guest debian
    wait_message 'network interface 0 has lost' 20
    wait_message 'network interface 0 is connected again' 20
    on debian 30 "wait_for grep -q 1 /sys/class/net/$nic/carrier"
    expect_world debian
    expect_forwarded 'the forwarded port does not answer any more'
fi
leave debian
expect_network_as_before
