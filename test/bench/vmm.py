"""Running a VMM with a bench guest, and what its process uses meanwhile.

A VMM's CPU time is what its process used between the guest's two marks, less what the host accounted as time inside the
guest: the run time of all threads, to the nanosecond (/proc/PID/task/*/schedstat), minus their guest time (field 43 of
stat, in ticks). So the exits of a vCPU thread count, and kernel threads that io_uring runs for the process; a guest that
spins in its own code does not. What of it the threads that serve devices used, which are those that were never in the
guest, is told apart: the rest is mostly KVM's.
"""
import collections
import os
import re
import select
import signal
import subprocess
import tempfile
import time

TICK_NS = 10**9 // os.sysconf("SC_CLK_TCK")
START_SECONDS = 30


class Refused(Exception):
    """A VMM that ended before the guest ran, with what it said."""


class Broken(Exception):
    """A run whose figures can't be used."""


def qemu_machine(guest, append, memory_mib):
    """The machine with the least beside what is measured, and the firmware that leaves everything to the guest: it
    starts in a quarter of a second."""
    machine = "microvm,pcie=on,acpi=on,rtc=on,pic=off,pit=off,isa-serial=on,x-option-roms=off,auto-kernel-cmdline=off"
    return ["qemu-system-x86_64", "-M", machine, "-bios", "/usr/share/qemu/qboot.rom", "-enable-kvm",
            "-cpu", "host,-arch-capabilities", "-m", str(memory_mib), "-smp", "1", "-nodefaults", "-no-user-config",
            "-display", "none", "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
            "-kernel", guest, "-append", append]


Cpu = collections.namedtuple("Cpu", "all serving")


def cpu_ns(pid):
    """Of each thread, what it has used outside the guest, and its ticks inside."""
    used = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            run = open(f"/proc/{pid}/task/{task}/schedstat").read().split()[0]
            stat = open(f"/proc/{pid}/task/{task}/stat").read().rpartition(")")[2].split()
        except OSError:
            continue  # a thread that has just ended
        used[task] = int(run) - int(stat[40]) * TICK_NS, int(stat[40])
    return used


def cpu_between(before, after):
    # Guest time comes in ticks, so that a thread that was in the guest throughout may seem to have used less than none.
    grown = [(max(used - before.get(task, (0, 0))[0], 0), guest) for task, (used, guest) in after.items()]
    return Cpu(sum(ns for ns, _ in grown), sum(ns for ns, guest in grown if guest == 0))


def keep_apart(pid):
    """The vCPU's thread on the last CPU, all others on the first: left to itself the scheduler moves them together now
    and then, and a run tells more of that than of the VMM. A VMM's vCPU is the thread that was in the guest most."""
    cpus = sorted(os.sched_getaffinity(0))
    used = cpu_ns(pid)
    vcpu = max(used, key=lambda task: used[task][1])
    for task in used:
        try:
            os.sched_setaffinity(int(task), {cpus[-1] if task == vcpu else cpus[0]})
        except ProcessLookupError:
            pass  # a thread that has just ended


class Run:
    """One VMM from its start to the guest's last line."""

    def __init__(self, command):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors,
                                        start_new_session=True)
        self.seen = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.stdout.close()
        self.process.wait()
        self.errors.close()

    def explain(self):
        self.errors.seek(0)
        words = self.errors.read().decode(errors="replace").strip() or self.seen.decode(errors="replace").strip()
        return words.splitlines()[-1] if words else "it ended without a word"

    def wait_for(self, mark, seconds):
        """The text after `mark`, up to the end of its line."""
        pattern = re.compile(re.escape(mark) + rb"([^\n\r]*)[\n\r]")
        deadline = time.monotonic() + seconds
        while True:
            found = pattern.search(self.seen)
            if found:
                return found.group(1).decode()
            left = deadline - time.monotonic()
            if left <= 0 or b"PANIC" in self.seen:
                raise Broken(f"no '{mark.decode()}': {self.explain()}")
            if select.select([self.process.stdout], [], [], left)[0]:
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    self.process.wait()
                    raise Refused(self.explain())
                self.seen += data


def measure(command, ms, apart=False):
    """Runs a VMM whose guest was told to hold, its threads kept apart if so wanted: the fields of its line, the CPU time
    in nanoseconds (Cpu) and the seconds between its marks."""
    with Run(command) as run:
        run.wait_for(b"bench: running", START_SECONDS)
        if apart:
            keep_apart(run.process.pid)
        started, cpu = time.monotonic(), cpu_ns(run.process.pid)
        run.wait_for(b"bench: done", START_SECONDS + ms / 1000)
        elapsed, cpu = time.monotonic() - started, cpu_between(cpu, cpu_ns(run.process.pid))
        line = run.wait_for(b"bench: op", START_SECONDS)
    fields = dict(word.split("=") for word in line.split() if "=" in word)
    if int(fields["errors"]):
        raise Broken(f"{fields['errors']} errors in the guest")
    return fields, cpu, elapsed
