# Networks that cannot be are refused in one line with exit status 125, and nothing stays of what was made before
. ./network
if [ "$STAND_IN" = 1 ]; then skip 'it is about mote alone'; fi
host_bridge br0
link_to_world up1
host_tap busy user 1
host_tap single
remember_network

# refused NAME MESSAGE OPTION...: exit status 125, and one line that says MESSAGE.
refused() {
    vm=$1 status=0
    timeout -k 5 $((20 * PATIENCE)) "$MOTE" run "${CLOUD[@]}" "${@:3}" </dev/null >"$WORK/$vm.out" 2>"$WORK/$vm.err" ||
        status=$?
    step "$vm: $(cat "$WORK/$vm.err")"
    expect_status 125
    [ "$(wc -l <"$WORK/$vm.err")" = 1 ] || fail "$vm: not one line"
    expect_message "$2"
}
refused no-bridge 'bridge=nosuch: there is no such interface' --net bridge=nosuch
refused not-a-bridge 'bridge=up0: the interface is no bridge' --net bridge=up0
refused not-a-tap 'tap=up0: the interface up0 is no tap' --net tap=up0
refused long-name 'names of at most 15' --net tap=abcdefghijklmnop
refused bad-name 'no interface can have this name' --net tap=a/b
refused short-mac 'no MAC address' --net tap=busy,mac=52:54:00:12:34
refused multicast-mac 'multicast' --net tap=busy,mac=01:00:5e:00:00:01
mac=52:54:00:00:00:01
refused one-mac-twice "two network interfaces have the MAC address $mac" --net "tap=t1,mac=$mac" --net "tap=t2,mac=$mac"
refused no-queue 'queues' --net tap=busy,queues=0
refused many-queues '1000 queues are too many' --net tap=busy,queues=1000
refused single-queue 'one queue only' --net tap=single,queues=2
refused mtu 'an MTU of 10 is not possible' --net tap=busy,mtu=10
refused unknown-option 'speed' --net tap=busy,speed=9
refused unknown-kind "there is no 'wire'" --net wire=busy
refused bad-descriptor 'descriptor 99 is not open' --net tap=fd:99
refused no-macvtap 'macvtap=nosuch: there is no such interface' --net macvtap=nosuch
nine=()
for number in 1 2 3 4 5 6 7 8 9; do nine+=(--net "tap=t$number"); done
refused nine '8' "${nine[@]}"
refused no-port '70000' --net user,forward=70000:80
refused port-twice 'forwarded twice' --net user,forward=8085:80,forward=8085:81
socat TCP-LISTEN:8085 - </dev/null >/dev/null &
socat=$!
until ss -lnt | grep -q :8085; do sleep 0.1; done
refused taken-port 'port 8085.* in use' --net bridge=br0 --net user,forward=8085:80
refused taken-port-nat 'port 8085.* in use' --net bridge=br0 --net nat,forward=8085:80
kill $socat
refused second-fails 'nosuch' --net bridge=br0 --net macvtap=up1 --net nat --net user --net bridge=nosuch
vm_start busy "${CLOUD[@]}" --append 'quiet mote.init=wait' --net tap=busy
wait_console '^mote-init: running' 60
first=$vm_pid
refused busy-tap 'tap busy is in use' --net tap=busy
vm=busy vm_pid=$first
vm_end

# A program that is not installed. Mounts are this case's own.
for program in passt dnsmasq; do
    mount --bind /dev/null "$(command -v $program)"
done
refused no-passt 'passt.*install' --net bridge=br0 --net user
refused no-dnsmasq 'dnsmasq.*install' --net bridge=br0 --net nat
for program in passt dnsmasq; do umount "$(command -v $program)"; done
mount -t tmpfs none /dev/net
refused no-tun '/dev/net/tun' --net bridge=br0
umount /dev/net
expect_network_as_before

# Without root there is passt, and what root has made for the user.
chmod 666 /dev/kvm /dev/net/tun
host_tap mine user 65534
remember_network
as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME="$WORK")
mote=$MOTE
MOTE=$WORK/as-user
printf '#!/bin/sh\nexec %s %q "$@"\n' "${as_user[*]}" "$mote" >"$MOTE"
chmod +x "$MOTE"
chmod 777 "$WORK"
for net in bridge=br0 nat macvtap=up0 tap=busy; do refused "user-${net%%=*}" 'root|permission|belongs' --net "$net"; done
vm 40 user-allowed "${CLOUD[@]}" --append 'quiet mote.init=poweroff' --net tap=mine --net user
expect_end 'powered off'
expect_network_as_before
