#!/bin/bash
# stand-in.sh run ... - takes mote's command line and runs QEMU's microvm machine instead, so that the
# lab's images and cases can be tried against a VMM known to work. What microvm has no counterpart for
# (the kernel cache, --name) is accepted and ignored. run.sh --stand-in uses it.
set -euo pipefail
[ "${1:-}" = run ] || { echo "stand-in: only 'run'" >&2; exit 125; }
shift
kernel='' initrd='' append='' memory=512M cpus=1 console=serial verbose=0 kaslr=1 disks=() nets=() name=''
while [ $# -gt 0 ]; do
    case $1 in
    --kernel) kernel=$2; shift 2 ;;
    --initrd) initrd=$2; shift 2 ;;
    --append) append=$2; shift 2 ;;
    --memory) memory=$2; shift 2 ;;
    --cpus) cpus=$2; shift 2 ;;
    --disk) disks+=("$2"); shift 2 ;;
    --net) nets+=("$2"); shift 2 ;;
    --name) name=$2; shift 2 ;;
    --console) console=$2; shift 2 ;;
    --no-kaslr) kaslr=0; shift ;;
    --no-cache) shift ;;
    --verbose) verbose=1; shift ;;
    *) echo "stand-in: unknown option '$1'" >&2; exit 125 ;;
    esac
done
[ "$kaslr" = 1 ] || append+=' nokaslr'
trace=$(mktemp)
undo=("rm -f $trace")
undo_all() {
    local command
    for command in "${undo[@]}"; do $command; done
}
trap undo_all EXIT
# shellcheck disable=SC2054 # the commas are QEMU's
args=(-M microvm,rtc=on,pcie=on,pic=off,pit=off,isa-serial=on,x-option-roms=off -enable-kvm -cpu host -m "$memory" -smp "$cpus"
      -nodefaults -no-user-config -display none -name "${name:-stand-in}"
      -device pvpanic-pci -action reboot=shutdown,panic=exit-failure
      -trace "enable=qemu_system_shutdown_request,file=$trace"
      -object rng-random,id=rng,filename=/dev/urandom -device virtio-rng-pci,rng=rng
      -device virtio-serial-pci)
case $console in
serial) args+=(-serial stdio); [[ $append = *console=* ]] || append+=' console=ttyS0' ;;
hvc)
    args+=(-chardev "stdio,id=hvc" -device "virtconsole,chardev=hvc")
    [[ $append = *console=* ]] || append+=' console=hvc0'
    ;;
none) ;;
esac
for i in "${!disks[@]}"; do
    IFS=, read -r -a words <<<"${disks[i]}"
    options='' device='' cache=writeback engine=io_uring
    [ -b "${words[0]}" ] && cache=direct
    for word in "${words[@]:1}"; do
        case $word in
        ro) options+=,readonly=on ;;
        serial=*) device+=,$word ;;
        queues=*) device+=,num-queues=${word#queues=} ;;
        discard=on) options+=,discard=unmap ;;
        discard=off) options+=,discard=ignore ;;
        cache=*) cache=${word#cache=} ;;
        engine=*) engine=${word#engine=} ;;
        *) echo "stand-in: unknown disk option '$word'" >&2; exit 125 ;;
        esac
    done
    [[ $options = *discard* ]] || options+=,discard=unmap
    case $engine in
    io_uring) options+=,aio=io_uring ;;
    aio) options+=,aio=native; cache=direct ;;
    thread) options+=,aio=threads ;;
    esac
    [ "$cache" = direct ] && options+=,cache.direct=on
    args+=(-drive "if=none,id=d$i,format=raw,file=${words[0]}$options" -device "virtio-blk-pci,drive=d$i$device")
    [ "$verbose" = 0 ] || echo "mote: disk vd$(printf '%b' "\\$(printf %o $((97 + i)))"): ${words[0]}, engine $engine" >&2
done
for i in "${!nets[@]}"; do
    IFS=, read -r -a words <<<"${nets[i]}"
    how=${words[0]%%=*} what=${words[0]#*=} link=qemu$$n$i options='' device='' forwards=()
    mac=$(printf 52:54:00:%02x:%02x:%02x $(($$ >> 8 & 255)) $(($$ & 255)) "$i")
    for word in "${words[@]:1}"; do
        case $word in
        mac=*) mac=${word#mac=} ;;
        queues=*) options+=,$word; device+=,mq=on,vectors=$((2 * ${word#queues=} + 2)) ;;
        mtu=*) device+=,host_mtu=${word#mtu=} ;;
        vhost=*) options+=,$word ;;
        forward=tcp:*) forwards+=(-t "${word#forward=tcp:}") ;;
        *) echo "stand-in: unknown network option '$word'" >&2; exit 125 ;;
        esac
    done
    case $how in
    tap) netdev=tap,ifname=$what,script=no,downscript=no ;;
    bridge)
        ip tuntap add "$link" mode tap
        undo+=("ip link delete $link")
        ip link set "$link" address fe:00:00:00:00:01 master "$what" up
        netdev=tap,ifname=$link,script=no,downscript=no
        ;;
    macvtap)
        ip link add "$link" link "$what" address "$mac" type macvtap mode bridge
        undo+=("ip link delete $link")
        ip link set "$link" up
        exec {fd}<>"/dev/tap$(<"/sys/class/net/$link/ifindex")"
        netdev=tap,fd=$fd
        ;;
    user)
        passt -q -f -1 -s "$trace.$i" "${forwards[@]}" &
        undo+=("rm -f $trace.$i")
        while [ ! -S "$trace.$i" ]; do sleep 0.1; done
        netdev=stream,addr.type=unix,addr.path=$trace.$i
        ;;
    *) echo "stand-in: no network '$how'" >&2; exit 125 ;;
    esac
    args+=(-netdev "$netdev,id=n$i$options" -device "virtio-net-pci,netdev=n$i,mac=$mac,romfile=$device")
done
[ -z "$initrd" ] || args+=(-initrd "$initrd")
status=0
qemu-system-x86_64 "${args[@]}" -kernel "$kernel" -append "$append" || status=$?
reason=$(sed -n 's/.*reason=//p' "$trace" | tail -n 1)
case $status,$reason in
0,7) outcome='guest rebooted' ;;
0,*) outcome='guest powered off' ;;
1,8 | 1,9 | 1,10 | 1,11) outcome='guest panicked'; status=123 ;;
*) exit 125 ;;
esac
[ "$verbose" = 0 ] || echo "mote: $outcome" >&2
exit "$status"
