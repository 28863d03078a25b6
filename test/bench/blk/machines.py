"""What is measured: the bench guest under mote and under QEMU, and fio without a VM.

Each call is one run of one load on one disk, and returns a dict: iops, p50 and p99 in nanoseconds, cpu (nanoseconds of
CPU time an operation). A VMM's CPU time is what its process used between the guest's two marks, less what the host
accounted as time inside the guest: the run time of all threads, to the nanosecond (/proc/PID/task/*/schedstat), minus
their guest time (field 43 of stat, in ticks). So the exits of a vCPU thread count, and kernel threads that io_uring
runs for the process; a guest that spins in its own code does not. fio's CPU time is its own user and system time, and
includes making the load.
"""
import json
import os
import re
import select
import signal
import subprocess
import tempfile
import time

TICK_NS = 10**9 // os.sysconf("SC_CLK_TCK")
MEMORY_MIB = 256
START_SECONDS = 30
WARMUP_MS = 150


class Refused(Exception):
    """A VMM that ended before the guest ran, with what it said."""


class Broken(Exception):
    """A run whose figures can't be used."""


def mote(binary, guest, disk, append, queues):
    return [binary, "run", "--kernel", guest, "--append", append, "--memory", f"{MEMORY_MIB}M", "--cpus", "1",
            "--disk", f"{disk},queues={queues}"]


def qemu(guest, blockdev, append, queues):
    # The machine with the least beside the disk, and the firmware that leaves everything to the guest: it starts in a
    # quarter of a second. The disk is the node itself, without a format driver above it, on an I/O thread of its own.
    machine = "microvm,pcie=on,acpi=on,rtc=on,pic=off,pit=off,isa-serial=on,x-option-roms=off,auto-kernel-cmdline=off"
    return ["qemu-system-x86_64", "-M", machine, "-bios", "/usr/share/qemu/qboot.rom", "-enable-kvm",
            "-cpu", "host,-arch-capabilities", "-m", str(MEMORY_MIB), "-smp", "1", "-nodefaults", "-no-user-config",
            "-display", "none", "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
            "-object", "iothread,id=io0", "-blockdev", blockdev + ",node-name=disk0",
            "-device", f"virtio-blk-pci,drive=disk0,iothread=io0,disable-legacy=on,num-queues={queues},queue-size=256",
            "-kernel", guest, "-append", append]


def cpu_ns(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            run = open(f"/proc/{pid}/task/{task}/schedstat").read().split()[0]
            stat = open(f"/proc/{pid}/task/{task}/stat").read().rpartition(")")[2].split()
        except OSError:
            continue  # a thread that has just ended
        total += int(run) - int(stat[40]) * TICK_NS
    return total


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


def guest_line(load, ms):
    return (f"op={load.op} bs={load.block} depth={load.depth} queues={load.queues} completion={load.completion} "
            f"ms={ms} warmup_ms={WARMUP_MS} seed={load.seed} hold=1")


def measure(command, ms):
    """Runs a VMM whose guest was told to hold."""
    with Run(command) as run:
        run.wait_for(b"bench: running", START_SECONDS)
        started, cpu = time.monotonic(), cpu_ns(run.process.pid)
        run.wait_for(b"bench: done", START_SECONDS + ms / 1000)
        elapsed, cpu = time.monotonic() - started, cpu_ns(run.process.pid) - cpu
        fields = dict(word.split("=") for word in run.wait_for(b"bench: op", START_SECONDS).split() if "=" in word)
    result = {key: int(fields[key]) for key in ("iops", "ops", "p50", "p90", "p99", "p999", "kicks", "interrupts")}
    if int(fields["errors"]):
        raise Broken(f"{fields['errors']} requests failed")
    # The guest's clock against this one: they enclose almost the same.
    if abs(int(fields["ns"]) / 1e9 - elapsed) > 0.05 * elapsed + 0.05:
        raise Broken(f"the guest's clock says {int(fields['ns']) / 1e9:.3f} s, the host's {elapsed:.3f}")
    result["cpu"] = max(cpu, 0) / max(result["ops"], 1)
    return result


def complete(command, mark):
    """Runs a guest to its own end; what it said after `mark`."""
    with Run(command) as run:
        said = run.wait_for(mark, 300)
        run.process.wait(timeout=START_SECONDS)
        return said


def fio(path, load, ms):
    command = ["fio", "--name=bench", f"--filename={path}", "--ioengine=io_uring", f"--direct={int(load.direct)}",
               f"--rw={load.op}", f"--bs={load.block}", f"--iodepth={load.depth}", "--numjobs=1", "--norandommap",
               f"--randseed={load.seed}", "--time_based", f"--runtime={ms}ms", f"--ramp_time={WARMUP_MS}ms",
               "--invalidate=0", "--lat_percentiles=1", "--clat_percentiles=0",
               "--fallocate=none", "--end_fsync=0", "--output-format=json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 + ms / 1000)
    if done.returncode:
        raise Refused("fio: " + (done.stderr.strip().splitlines() or ["?"])[-1])
    job = json.loads(done.stdout[done.stdout.index("{"):])["jobs"][0]
    side = job["write" if "write" in load.op else "read"]
    percentiles = side["lat_ns"].get("percentile", {})
    used = (job["usr_cpu"] + job["sys_cpu"]) / 100 * job["job_runtime"] * 1e6
    return {"iops": side["iops"], "ops": side["total_ios"], "cpu": used / max(side["total_ios"], 1),
            "p50": percentiles.get("50.000000", 0), "p99": percentiles.get("99.000000", 0)}
