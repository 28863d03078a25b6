# shellcheck shell=bash disable=SC2034,SC2154
# virtio-net on a tap, in a network namespace of the case's own. The other end of the guest's frames is net-peer.

net_mac=02:6d:6f:74:65:01

# net_begin [OPTION...]: a namespace with the tap "tap0", made with these options of `ip tuntap`, and the peer on it.
# From here on `mote` runs in that namespace.
net_begin() {
	[[ $(id -u) == 0 ]] || skip "only root makes network namespaces"
	[[ -c /dev/net/tun ]] || skip "no /dev/net/tun here"
	command -v ip >/dev/null || skip "no ip, of Debian's iproute2"
	netns=mote-kvm-$BASHPID
	ip netns add "$netns" || skip "no network namespaces here"
	# shellcheck disable=SC2064
	trap "kill_jobs; ip netns del $netns" EXIT
	in_net sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	in_net ip tuntap add tap0 mode tap vnet_hdr "$@"
	# The largest MTU that there is, and room for a burst of segments.
	in_net ip link set tap0 mtu 65521 txqueuelen 5000 arp off up
	# Not by in_net: what kill_jobs ends is to be the peer itself.
	ip netns exec "$netns" "$guests/../kvm/net/net-peer" tap0 >peer 2>&1 &
	wait_for 'peer: ready' peer
	printf '#!/bin/sh\nexec ip netns exec %q %q "$@"\n' "$netns" "$mote" >mote-in-net
	chmod +x mote-in-net
	mote=$PWD/mote-in-net
}

in_net() {
	ip netns exec "$netns" "$@"
}

# net_check LIST [OPTIONS [GUEST]]: the guest's tests pass with these options of --net, and the peer has nothing to say.
# Without an MTU of its own the guest is shown the tap's.
net_check() {
	say="mac=$net_mac uso=$(kernel_has_uso) ${3-mtu=65521}"
	check "$1" --net "tap=tap0,mac=$net_mac${2:+,$2}" --memory 512M
	cat peer
	[[ $(wc -l <peer) == 1 ]]
}

kernel_has_uso() { # since Linux 6.2
	[[ $(printf '%s\n' 6.2 "$(uname -r)" | sort -V | head -n 1) == 6.2 ]] && echo 1 || echo 0
}

case_net_config() {
	net_begin
	net_check net_config
	net_check net_config mtu=9000 mtu=9000
}

case_net_control() {
	net_begin
	net_check net_control
}

case_net_receive() {
	net_begin
	net_check net_receive
}

case_net_queues() {
	local list
	net_begin multi_queue
	for list in net_config net_control net_receive; do
		net_check "$list" queues=4 "queues=4 mtu=65521"
	done
}

# frames RUN: bytes of every size, compared at both ends.
frames() {
	net_begin
	patience=300 start 0 --kernel "$guests/frames.elf" --append "run=$1 most=65535" --memory 512M \
		--net "tap=tap0,mac=$net_mac"
	cat peer
	grep -Eq '^frames: [1-9][0-9]* streams, 0 failed' out
	[[ $(wc -l <peer) == 1 ]]
}

case_net_frames_mergeable_buffers() {
	frames merged
}

case_net_frames_big_buffers() {
	frames big
}

case_net_frames_direct_descriptors() {
	frames direct
}

case_net_frames_every_set_of_offloads() {
	frames sets
}

case_net_hostile() {
	net_begin
	net_check hostile_net
	# What a guest can make mote log is limited.
	(($(wc -l <err) < 100))
}

case_net_hostile_queues() {
	net_begin multi_queue
	net_check hostile_net queues=4 "queues=4 mtu=65521"
}

# The host takes the interface down and up again: the guest is told, and frames pass as before.
case_net_link() {
	local pid status=0
	net_begin
	"$mote" run --kernel "$guests/tests.elf" --append "test=net_link" --net "tap=tap0,mac=$net_mac" \
		</dev/null >out 2>err &
	pid=$!
	wait_for 'link: ready' out
	in_net ip link set tap0 down
	wait_for 'link: down' out
	in_net ip link set tap0 up
	wait "$pid" || status=$?
	cat out err
	((status == 0))
	grep -q '^guest: 1 passed, 0 failed' out
}

# The bench guest: each load comes to its end, and what it says was sent has arrived.
case_net_bench() {
	local op sent arrived
	net_begin
	in_net ip link set tap0 address 02:6d:6f:74:65:fe txqueuelen 5000 arp on
	in_net ip address add 192.0.2.1/24 dev tap0
	in_net ip neighbour add 192.0.2.2 lladdr "$net_mac" dev tap0
	for op in "send bytes=64 completion=poll" "send bytes=65535 completion=poll" \
		"receive bytes=64 burst=1000 completion=poll" "receive bytes=65535 burst=100 completion=poll" \
		"echo completion=poll" "echo completion=interrupt" "echo completion=halt"; do
		start 0 --kernel "$guests/bench-net.elf" --append "op=$op ms=50" --net "tap=tap0,mac=$net_mac"
		grep -Eq '^bench: op=.* frames=[1-9][0-9]* .* errors=0' out
	done
	arrived=$(in_net cat /sys/class/net/tap0/statistics/rx_packets)
	start 0 --kernel "$guests/bench-net.elf" --append "op=send completion=poll ms=50" --net "tap=tap0,mac=$net_mac"
	sent=$(sed -nE 's/^bench: op=.* frames=([0-9]+) .*/\1/p' out)
	arrived=$(($(in_net cat /sys/class/net/tap0/statistics/rx_packets) - arrived))
	echo "$sent sent, $arrived arrived"
	((arrived >= sent))
}
