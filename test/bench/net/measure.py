#!/usr/bin/python3
"""A guest's network on a tap under mote and under QEMU: alternating, as medians.

In each round a row is run in every column, one after the other; the tables show the medians of the rounds. Each run
starts its VMM on the same tap, warms up and measures about a second. The guest has one vCPU and drives one queue pair;
from the end of the warm-up the vCPU's thread has a CPU of its own and the VMM's others share another.

send      the guest sends as fast as it can; the host drops the frames once it has taken them. The interface's own
          counter must agree.
receive   bursts: the host fills the interface's queue while the guest has no buffers there, and the guest's clock runs
          from its first buffers to the last frame. Whoever makes the frames takes no CPU meanwhile.
echo      a frame at a time, which the host's own IP stack answers (ICMP); `poll` looks at the used ring with interrupts
          suppressed, `interrupt` waits for the interrupt in a loop, `halt` in hlt.

Frames of 64 KiB are TCP to be segmented, as a guest with offloads hands them over and gets them. QEMU's tap is served
by its main loop, as it can't be by another thread; `vhost` is the kernel's, where the host has it.
"""
import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
import report
import vmm
from report import OURS, OURS_VHOST, QEMU, QEMU_VHOST
from results import Results

TAP = "tap0"
MAC = "02:6d:6f:74:65:01"
HOST_MAC = "02:6d:6f:74:65:fe"
MEMORY_MIB = 256
WARMUP_MS = 150
Load = collections.namedtuple("Load", "op bytes completion burst", defaults=("poll", 0))


def rows():
    large = 65535
    return {
        "send 64": Load("send", 64),
        "send 1500": Load("send", 1514),
        "send 64k": Load("send", large),
        "receive 64": Load("receive", 64, burst=20000),
        "receive 1500": Load("receive", 1514, burst=20000),
        "receive 64k": Load("receive", large, burst=2000),
        "echo poll": Load("echo", 64),
        "echo interrupt": Load("echo", 64, "interrupt"),
        "echo halt": Load("echo", 64, "halt"),
    }


def run_host(*command):
    subprocess.run(command, check=True)


def make_host():
    run_host("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
    run_host("ip", "tuntap", "add", TAP, "mode", "tap", "vnet_hdr")
    # Room for a whole burst.
    run_host("ip", "link", "set", TAP, "address", HOST_MAC, "mtu", "65521", "txqueuelen", "30000", "up")
    run_host("ip", "address", "add", "192.0.2.1/24", "dev", TAP)
    run_host("ip", "neighbour", "add", "192.0.2.2", "lladdr", MAC, "dev", TAP)


def frames_taken():
    shown = subprocess.run(["ip", "-j", "-s", "link", "show", TAP], check=True, capture_output=True)
    return json.loads(shown.stdout)[0]["stats64"]["rx"]["packets"]


class Bench:
    def __init__(self, args):
        self.args = args
        self.guest = os.path.join(args.guests, "bench-net.elf")

    def command(self, column, append):
        vhost = "on" if column in (OURS_VHOST, QEMU_VHOST) else "off"
        if column in (QEMU, QEMU_VHOST):
            return vmm.qemu_machine(self.guest, append, MEMORY_MIB) + [
                "-netdev", f"tap,id=net0,ifname={TAP},script=no,downscript=no,vhost={vhost}",
                "-device", f"virtio-net-pci,netdev=net0,mac={MAC},disable-legacy=on"]
        return [self.args.mote, "run", "--kernel", self.guest, "--append", append, "--memory", f"{MEMORY_MIB}M",
                "--cpus", "1", "--net", f"tap={TAP},mac={MAC},vhost={vhost}{self.args.net}"]

    def run(self, column, load):
        append = (f"op={load.op} bytes={load.bytes} completion={load.completion} burst={load.burst} "
                  f"ms={self.args.ms} warmup_ms={WARMUP_MS} hold=1")
        peer = None
        # Only while it is needed: a packet socket costs the host a copy of each frame.
        if load.op == "receive":
            peer = subprocess.Popen([self.args.peer, TAP], stdout=subprocess.PIPE)
            peer.stdout.readline()
        try:
            before = frames_taken()
            fields, cpu, _ = vmm.measure(self.command(column, append), 20 * self.args.ms, apart=True)
            taken = frames_taken() - before
        finally:
            if peer:
                peer.kill()
                peer.wait()
                peer.stdout.close()
        result = {key: int(fields[key]) for key in ("frames", "pps", "p50", "p99", "kicks", "interrupts")}
        if load.op != "receive" and taken < result["frames"]:
            raise vmm.Broken(f"{result['frames']} frames sent, {taken} taken")
        result["bytes"] = result["pps"] * load.bytes
        result["cpu"] = cpu.all / max(result["frames"], 1)
        return result


def rounds(bench, loads, columns, results):
    for number in range(1, bench.args.rounds + 1):
        print(f"round {number} of {bench.args.rounds}:", end="", flush=True)
        for row, load in loads.items():
            for column in columns:
                results.add(row, column, lambda: bench.run(column, load))
                time.sleep(0.05)
            print(".", end="", flush=True)
        print(flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="run.sh", add_help=False)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rows", default="")
    parser.add_argument("--mote", default="build/release/vmm/cli/mote")
    parser.add_argument("--guests", default="build/release/test/guest")
    parser.add_argument("--peer", default="build/release/test/kvm/net/net-peer")
    parser.add_argument("--net", default="")
    parser.add_argument("--json")
    args = parser.parse_args()
    args.rounds = args.rounds or (3 if args.quick else 5)
    args.ms = 300 if args.quick else 1000
    args.net = args.net and "," + args.net
    for file in (args.mote, args.guests + "/bench-net.elf", args.peer):
        if not os.path.exists(file):
            sys.exit(f"run.sh: no '{file}': build the release preset first, or name it")
    for file in ("/dev/kvm", "/dev/net/tun"):
        if not os.access(file, os.R_OK | os.W_OK):
            sys.exit(f"run.sh: {file} is not there or not writable")
    return args


def main():
    args = arguments()
    loads = {row: load for row, load in rows().items() if re.search(args.rows, row)}
    columns = [OURS, QEMU, OURS_VHOST, QEMU_VHOST]
    results = Results()
    for column in columns:
        if column in (OURS_VHOST, QEMU_VHOST) and not os.path.exists("/dev/vhost-net"):
            results.skipped[column] = "no /dev/vhost-net here"
        elif column in (QEMU, QEMU_VHOST) and not shutil.which("qemu-system-x86_64"):
            results.skipped[column] = "no qemu-system-x86_64 here"
    make_host()
    before = os.getloadavg()[0]
    rounds(Bench(args), loads, columns, results)
    print(f"load average before and after: {before:.1f}, {os.getloadavg()[0]:.1f}, on {os.cpu_count()} CPUs; what "
          "else runs takes from every figure")
    report.report(results, loads)
    if args.json:
        with open(args.json, "w") as out:
            json.dump(results.figures, out, indent=1)


main()
