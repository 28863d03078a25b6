#!/usr/bin/python3
"""measure.py ROUNDS NAME,... - TCP between Debian guests and their host under mote and QEMU; runs in the lab host.

One guest for each VMM and each way to a network is started, all at once; then they take turns, one at work at a time:
in each round each of them runs iperf3 for 3 seconds to the host, and for 3 seconds from it. All guests are alike: one
vCPU, 256 MiB, one queue pair, all offloads as the guest's driver negotiates them. Taps are alike too, each with an
address of the host on it and no bridge; passt's guests talk to another network namespace, over a veth pair.

  to host, from host   what the receiver got, Mbit/s
  CPU                  of the VMM's process for each GiB sent to the host, and received from it, in seconds: the guest's
                       own work is in it, passt's and that of the kernel's vhost thread is not
"""
import collections
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

BOOT, WORK = "/lab/boot", "/run/bench"
KERNEL, INITRD = f"{BOOT}/vmlinuz-6.1-cloud", f"{BOOT}/initrd-6.1-cloud"
APPEND = "quiet console=ttyS0 root=/dev/vda rw mote.test=shell"
SECONDS = 3
WORLD = "198.51.100.1"
# That a guest may be silent.
PATIENCE = 240
kept = []     # descriptors that the VMMs inherit


def shell(command):
    subprocess.run(command, shell=True, check=True)


def mote(net):
    return [f"{WORK}/mote", "run", "--kernel", KERNEL, "--initrd", INITRD, "--memory", "256M", "--cpus", "1",
            "--append", APPEND, "--disk", "/dev/lab/guestroot,overlay=temp", "--net", net]


def qemu(netdev):
    return ["qemu-system-x86_64", "-M", "microvm,rtc=on,pcie=on,pic=off,pit=off,isa-serial=on,x-option-roms=off",
            "-enable-kvm", "-cpu", "host", "-m", "256", "-smp", "1", "-nodefaults", "-no-user-config", "-display", "none",
            "-serial", "stdio", "-kernel", KERNEL, "-initrd", INITRD, "-append", APPEND,
            "-drive", "if=none,id=disk,file=/dev/lab/guestroot,file.locking=off,format=raw,snapshot=on",
            "-device", "virtio-blk-pci,drive=disk",
            "-netdev", f"{netdev},id=net", "-device", "virtio-net-pci,netdev=net,romfile="]


def qemu_tap(tap, *options):
    return qemu(",".join([f"tap,ifname={tap},script=no,downscript=no", *options]))


def qemu_passt():
    ours, theirs = socket.socketpair()
    log = open(f"{WORK}/passt.log", "wb")
    subprocess.Popen(["passt", "--foreground", "--quiet", "--no-map-gw", "--fd", str(theirs.fileno())], pass_fds=[theirs.fileno()],
                     stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    kept.append(ours)
    return qemu(f"stream,addr.type=fd,addr.str={ours.fileno()}")


# name: the VMMs' command lines, and whether each has a tap of its own, whose name is its argument
WAYS = {
    "tap": (lambda tap: mote(f"tap={tap}"), qemu_tap, True),
    "vhost": (lambda tap: mote(f"tap={tap},vhost=on"), lambda tap: qemu_tap(tap, "vhost=on"), True),
    "passt": (lambda: mote("user"), qemu_passt, False),
}


class Guest:
    """A Debian whose shell reads its console (test/lab/guest/shell-loop)."""

    def __init__(self, name, command):
        self.name, self.ran = name, 0
        self.log = open(f"{WORK}/{name.replace(' ', '-')}.log", "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        pass_fds=[inherited.fileno() for inherited in kept])

    def wait_for(self, pattern):
        said = []
        signal.signal(signal.SIGALRM, lambda *_: self.give_up(f"has said nothing for {PATIENCE} s"))
        signal.alarm(PATIENCE)
        for line in self.process.stdout:
            signal.alarm(PATIENCE)
            text = line.decode(errors="replace").strip()
            self.log.write(line)
            found = re.match(pattern, text)
            if found:
                signal.alarm(0)
                return found, said
            said.append(text)
        self.give_up("has ended")

    def give_up(self, why):
        self.log.flush()
        sys.exit(f"bench: {self.name} {why}: {open(self.log.name, errors='replace').read()[-2000:]}")

    def run(self, command):
        """What the guest's command printed; it must succeed."""
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        self.ran += 1
        self.wait_for(f"fact run {self.ran}$")
        status, said = self.wait_for(f"fact ran {self.ran} (.*)")
        if status.group(1) != "0":
            sys.exit(f"bench: {self.name}: {command}: {said}")
        return "\n".join(said)

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def iperf(self, *options):
        """Mbit/s, and the VMM's CPU seconds for each GiB."""
        before = self.cpu_seconds()
        report = json.loads(self.run(f"iperf3 -J -t {SECONDS} -c {self.host} {' '.join(options)}"))
        used = self.cpu_seconds() - before
        if "sum_received" not in report["end"]:
            sys.exit(f"bench: {self.name}: iperf3 {' '.join(options)}: {report.get('error', report)}")
        received = report["end"]["sum_received"]
        return received["bits_per_second"] / 1e6, used / (received["bytes"] / 2**30)


def start(names):
    """All guests, their networks set up."""
    guests = {}
    # The world, where the servers of passt's guests are: its host alone would be too near.
    shell("modprobe -a tun vhost_net; ip netns add world; ip link add up0 type veth peer name eth0 netns world;"
          "ip address add 198.51.100.2/24 dev up0; ip link set up0 up; ip route add default via 198.51.100.1;"
          f"ip -n world address add {WORLD}/24 dev eth0; ip -n world link set eth0 up; ip -n world link set lo up;"
          f"echo nameserver {WORLD} >/etc/resolv.conf")
    for name in names:
        *commands, has_tap = WAYS[name]
        for vmm, command in zip(("mote", "QEMU"), commands):
            number = len(guests) + 1
            arguments = []
            if has_tap:
                arguments = [f"bench{number}"]
                shell(f"ip tuntap add bench{number} mode tap vnet_hdr; ip address add 10.1.{number}.1/24 dev bench{number};"
                      f"ip link set bench{number} up")
            guest = guests[vmm, name] = Guest(f"{vmm} {name}", command(*arguments))
            guest.wait_for("fact shell")
            if has_tap:
                guest.host = f"10.1.{number}.1"
                guest.run(f"cd /sys/class/net; ip address add 10.1.{number}.2/24 dev e* && ip link set e* up")
            else:
                guest.host = WORLD
                guest.run("cd /sys/class/net; /usr/lib/mote-test/ifupdown e*")
            print(f"  {guest.name} is up", flush=True)
    return guests


def main():
    rounds, names = int(sys.argv[1]), sys.argv[2].split(",")
    os.makedirs(WORK, exist_ok=True)
    shutil.copy("mote", f"{WORK}/mote")
    guests = start(names)
    servers = [subprocess.Popen([*where, "iperf3", "-s"], stdout=subprocess.DEVNULL)
               for where in ((), ("ip", "netns", "exec", "world"))]
    time.sleep(2)
    for guest in guests.values():       # untimed: the emulated host translates code that it sees for the first time
        guest.iperf()
        guest.iperf("-R")
    results = collections.defaultdict(list)
    for number in range(1, rounds + 1):
        print(f"round {number} of {rounds}:", end="", flush=True)
        for key, guest in guests.items():
            results[key].append((*guest.iperf(), *guest.iperf("-R")))
            print(f"  {results[key][-1][0]:.0f} {results[key][-1][2]:.0f}", end="", flush=True)
        print(flush=True)
    for server in servers:
        server.kill()
    print(f"\n{'':14}{'to host, Mbit/s':>16}{'CPU, s/GiB':>12}{'from host, Mbit/s':>19}{'CPU, s/GiB':>12}")
    medians = {key: [statistics.median(column) for column in zip(*rows)] for key, rows in results.items()}
    for (vmm, name), row in medians.items():
        print(f"{vmm + ' ' + name:14}{row[0]:16.0f}{row[1]:12.2f}{row[2]:19.0f}{row[3]:12.2f}")
    print(f"\n{'mote / QEMU':14}{'to host':>16}{'CPU':>12}{'from host':>19}{'CPU':>12}")
    for name in names:
        ratios = [ours / theirs for ours, theirs in zip(medians["mote", name], medians["QEMU", name])]
        print(f"{name:14}{ratios[0]:16.2f}{ratios[1]:12.2f}{ratios[2]:19.2f}{ratios[3]:12.2f}")
    for guest in guests.values():
        guest.process.kill()


main()
