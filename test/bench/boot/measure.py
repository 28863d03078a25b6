#!/usr/bin/python3
"""measure.py ROUNDS - times and counts a Debian kernel's start under mote and QEMU microvm; runs in the lab host.

This one program starts each VMM with its console on a pipe, and takes the time from just before fork to when the
line looked for arrives in the pipe. Rounds alternate between the VMMs, after one untimed round that warms the page
cache and mote's kernel cache.

  first line   exec to "Linux version", earlyprintk, not quiet
  /init        exec to the initrd's first line, quiet; "cold" is with an empty kernel cache
  memory       Pss of the VMM's processes less what lies in guest RAM (the writable memslots, as strace sees them
               registered), while the guest waits in /init
  exits        kvm_userspace_exit and kvm_exit counted by tracefs histograms from exec to /init, quiet
"""
import collections
import os
import re
import select
import shutil
import signal
import statistics
import subprocess
import sys
import time

BOOT = "/lab/boot"
KERNEL, ELF, INITRD = f"{BOOT}/vmlinuz-6.1-cloud", f"{BOOT}/vmlinux-6.1-cloud", f"{BOOT}/initrd-6.1-cloud"
MEMORY_MIB = 256
WORK = "/run/bench"
MOTE = f"{WORK}/mote"
FIRST_LINE, INIT = rb"Linux version ", rb"mote-init: running"
LOUD = "earlyprintk=ttyS0,115200 console=ttyS0 mote.init=wait"
QUIET = "quiet console=ttyS0 mote.init=wait"
EVENTS = "/sys/kernel/tracing/events/kvm"
retries = collections.Counter()


def mote(append):
    return [MOTE, "run", "--kernel", KERNEL, "--initrd", INITRD, "--memory", f"{MEMORY_MIB}M", "--cpus", "1",
            "--append", append]


def microvm(kernel, legacy):
    # The clock that a Linux guest would wait for is on, and the firmware is the small one that needs no option ROMs.
    # `legacy`: the PIC and the PIT, which such a guest can do without.
    machine = f"microvm,rtc=on,pic={legacy},pit={legacy},isa-serial=on,x-option-roms=off,auto-kernel-cmdline=off"
    return lambda append: ["qemu-system-x86_64", "-M", machine, "-enable-kvm", "-cpu", "host", "-m", str(MEMORY_MIB),
                           "-smp", "1", "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio",
                           "-kernel", kernel, "-initrd", INITRD, "-append", append]


# name: command line, whether mote's kernel cache is emptied before each start
VMMS = {
    "mote, warm cache": (mote, False),
    "mote, cold cache": (mote, True),
    "QEMU microvm, bzImage": (microvm(KERNEL, "off"), False),
    "QEMU microvm, ELF by PVH": (microvm(ELF, "off"), False),
    "ELF by PVH, PIC and PIT": (microvm(ELF, "on"), False),
}
# What mote is held against: of each group the better one, for each figure by itself.
AGAINST = {
    "without PIC and PIT": ("QEMU microvm, bzImage", "QEMU microvm, ELF by PVH"),
    "with PIC and PIT, microvm's default": ("ELF by PVH, PIC and PIT",),
}
SVM_EXITS = {64: "#DB", 78: "#PF", 96: "interrupt", 100: "virtual interrupt", 112: "rdpmc", 114: "cpuid", 120: "hlt",
             123: "port", 124: "MSR", 137: "wbinvd", 1024: "nested page fault"}


class Guest:
    """One start of a VMM, up to a line on its console; ends with the with block."""

    def __init__(self, name, append, line, wrapper=()):
        self.name, self.append, self.line, self.wrapper = name, append, line, list(wrapper)

    def __enter__(self):
        for attempt in (1, 2):
            if self.start():
                return self
            self.stop()
            retries[self.name] += 1
            print(f"  {self.name}: no '{self.line.decode()}' within 60 s, try {attempt}", flush=True)
        sys.exit(f"bench: {self.name} did not start twice ({' '.join(self.wrapper)}); its console ended:\n"
                 f"{self.seen[-1500:].decode(errors='replace')}")

    def start(self):
        command, cold = VMMS[self.name]
        environment = dict(os.environ, XDG_CACHE_HOME=f"{WORK}/cold" if cold else f"{WORK}/warm")
        if cold:
            shutil.rmtree(f"{WORK}/cold", ignore_errors=True)
        os.makedirs(environment["XDG_CACHE_HOME"], exist_ok=True)
        self.seen = b""
        started = time.monotonic()
        self.process = subprocess.Popen(self.wrapper + command(self.append), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
                                        start_new_session=True)
        console = self.process.stdout.fileno()
        while time.monotonic() - started < 60:
            if not select.select([console], [], [], 1)[0]:
                continue
            data = os.read(console, 65536)
            now = time.monotonic()
            if not data:
                return False
            self.seen += data
            if self.line in self.seen:
                self.seconds = now - started
                return True
        return False

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.stdout.close()
        self.process.wait()

    def __exit__(self, *_):
        self.stop()


def processes(group):
    """The VMM's processes: its session's, without strace."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
            name = open(f"/proc/{pid}/comm").read().strip()
        except OSError:
            continue
        if int(fields[2]) == group and name != "strace":
            yield int(pid)


def overhead_kib(name):
    """Pss outside guest RAM, in KiB."""
    log = f"{WORK}/strace"
    wrapper = ["strace", "-f", "-qq", "-o", log, "-e", "trace=ioctl", "-e", "signal=none"]
    with Guest(name, QUIET, INIT, wrapper) as guest:
        time.sleep(1)
        ram = []
        slot = re.compile(r"KVM_SET_USER_MEMORY_REGION, \{slot=\d+, flags=(\S+), guest_phys_addr=(\w+), "
                          r"memory_size=(\w+), userspace_addr=(\w+)\}")
        for flags, base, size, address in slot.findall(open(log).read()):
            base, size, address = int(base, 0), int(size, 0), int(address, 0)
            if "READONLY" not in flags and base < MEMORY_MIB << 20 and size:
                ram.append((address, address + size))
        if not ram:
            sys.exit(f"bench: {name}: strace saw no memslot registered")
        total = 0
        for pid in processes(guest.process.pid):
            inside = False
            for row in open(f"/proc/{pid}/smaps"):
                area = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", row)
                if area:
                    start, end = (int(x, 16) for x in area.groups())
                    inside = any(low <= start and end <= high for low, high in ram)
                elif row.startswith("Pss:") and not inside:
                    total += int(row.split()[1])
        return total


def exits(name):
    """Exits to user space, all exits, and all exits by reason, from exec to /init."""
    events = ("kvm_userspace_exit", "kvm_exit")
    keys = {"kvm_userspace_exit": "reason", "kvm_exit": "exit_reason"}
    try:
        for event in events:
            with open(f"{EVENTS}/{event}/trigger", "w") as trigger:
                trigger.write(f"hist:keys={keys[event]}")
        with Guest(name, QUIET, INIT):
            user, every = (open(f"{EVENTS}/{event}/hist").read() for event in events)
            hits = [int(re.search(r"Hits: (\d+)", text).group(1)) for text in (user, every)]
            return *hits, re.findall(r"exit_reason: +(\d+) \} hitcount: +(\d+)", every)
    finally:
        for event in events:
            with open(f"{EVENTS}/{event}/trigger", "w") as trigger:
                trigger.write(f"!hist:keys={keys[event]}")


def seconds(name, append, line):
    with Guest(name, append, line) as guest:
        return guest.seconds


def compare(results, title, theirs):
    """mote's figures beside others, with their ratios."""
    warm, cold = results["mote, warm cache"], results["mote, cold cache"]
    print(f"\n{title:38}{'mote':>9}{'QEMU':>9}{'ratio':>8}{'aim':>8}")

    def line(what, ours, theirs, aim, form):
        ratio = ours / theirs
        verdict = "" if ratio <= aim else "  missed"
        print(f"{what:38}{ours:{form}}{theirs:{form}}{ratio:8.2f}{aim:8.2f}{verdict}")

    line("exec to first line, s", warm[0], theirs[0], 0.30, "9.2f")
    line("exec to /init, warm cache, s", warm[1], theirs[1], 0.70, "9.2f")
    line("exec to /init, cold cache, s", cold[1], theirs[1], 0.85, "9.2f")
    line("exits to user space", warm[3], theirs[3], 0.20, "9.0f")
    line("all exits", warm[4], theirs[4], 0.50, "9.0f")
    verdict = "" if warm[2] <= 1.2 else "  missed"
    print(f"{'memory beyond guest RAM, MiB':38}{warm[2]:9.1f}{theirs[2]:9.1f}{'':8}{1.2:8.1f}{verdict}")


def main():
    rounds = int(sys.argv[1])
    os.makedirs(WORK, exist_ok=True)
    shutil.copy("mote", MOTE)
    first, init = collections.defaultdict(list), collections.defaultdict(list)
    print("warming", flush=True)
    for name in VMMS:
        seconds(name, QUIET, INIT)
    for number in range(1, rounds + 1):
        print(f"round {number} of {rounds}:", end="", flush=True)
        for name in VMMS:
            # One start before the timed one: the emulated host translates code that it has not run for a while,
            # several times what a start takes, and a real host does nothing of the kind.
            seconds(name, LOUD, FIRST_LINE)
            first[name].append(seconds(name, LOUD, FIRST_LINE))
            init[name].append(seconds(name, QUIET, INIT))
            print(f"  {first[name][-1]:.2f} {init[name][-1]:.2f}", end="", flush=True)
        print(flush=True)
    print("counting exits and measuring memory", flush=True)
    results, reasons = {}, {}
    for name in VMMS:
        print(f"  {name}", flush=True)
        counts = [exits(name) for _ in range(2)]
        reasons[name] = sorted(((int(n), int(reason)) for reason, n in counts[-1][2]), reverse=True)
        results[name] = (statistics.median(first[name]), statistics.median(init[name]),
                         overhead_kib(name) / 1024,
                         statistics.median(c[0] for c in counts), statistics.median(c[1] for c in counts))
    print(f"\n{'':26}{'first line, s':>14}{'/init, s':>10}{'memory, MiB':>13}{'user exits':>12}{'all exits':>11}")
    for name, row in results.items():
        print(f"{name:26}{row[0]:14.2f}{row[1]:10.2f}{row[2]:13.1f}{row[3]:12.0f}{row[4]:11.0f}")
    print("\nmost frequent exits, one start:")
    for name, row in reasons.items():
        print(f"{name:26}" + ", ".join(f"{SVM_EXITS.get(reason, hex(reason))} {n}" for n, reason in row[:6]))
    for group, names in AGAINST.items():
        compare(results, f"QEMU {group}", [min(results[name][i] for name in names) for i in range(5)])
    if retries:
        print(f"starts tried again after a silent hang: {dict(retries)}")


main()
