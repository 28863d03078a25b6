#!/bin/busybox sh
# shellcheck shell=dash
# /init of the guest's small initrd. On the kernel command line:
#   root=DEV [ro|rw] [init=PROG]   mount DEV and go there (the default)
#   mote.init=wait|poweroff|reboot|panic|NAME   do that instead; NAME is a script in /test: its outcome
#                                  is printed as "mote-test: NAME: PASS" or FAIL, then power off
# The first thing it does is to say that it runs: boot times are taken on that line.
echo 'mote-init: running'
b=/bin/busybox
$b mount -t proc proc /proc
root='' mode=ro init=/sbin/init action=''
read -r cmdline </proc/cmdline
for word in $cmdline; do
    case $word in
    root=*) root=${word#root=} ;;
    ro|rw) mode=$word ;;
    init=*) init=${word#init=} ;;
    mote.init=*) action=${word#mote.init=} ;;
    esac
done
case $action in
wait) while :; do $b sleep 1000; done ;;
poweroff) $b poweroff -f ;;
reboot) $b reboot -f ;;
esac
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
while read -r module; do
    # On the way to a root file system, udev loads the rest.
    case $action,$module in ,virtio_balloon*|,virtio_net*|,*failover*|,pvpanic*|,button*|,*rng*|,autofs*|,evdev*) continue ;; esac
    $b insmod "/modules/$module" 2>/dev/null
done </modules/order
if [ -n "$action" ]; then
    export PATH=/bin
    $b --install -s /bin
    # Without a serial console there was nothing to open when the kernel started us.
    case " $cmdline " in *' console=hvc0 '*) exec </dev/hvc0 >/dev/hvc0 2>&1 ;; esac
    [ "$action" = panic ] && echo c >/proc/sysrq-trigger
    if sh "/test/$action"; then echo "mote-test: $action: PASS"; else echo "mote-test: $action: FAIL"; fi
    poweroff -f
fi
tries=0
while [ ! -b "$root" ] && [ $tries -lt 200 ]; do $b sleep 0.05; tries=$((tries + 1)); done
$b mount -t ext4 -o "$mode" "$root" /new ||
    { echo "mote-init: cannot mount root '$root'"; $b poweroff -f; }
for fs in proc sys dev; do $b mount --move /$fs /new/$fs; done
exec $b switch_root /new "$init"
