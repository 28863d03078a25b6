"""What is measured: the bench guest under mote and under QEMU, and fio without a VM.

Each call is one run of one load on one disk, and returns a dict: iops, p50 and p99 in nanoseconds, cpu (nanoseconds of
CPU time an operation; vmm.py says of a VMM's what it is) and serving, the disk's threads' part of it. fio's CPU time is
its own user and system time, includes making the load, and is all of its disk's threads, as it has no guest.
"""
import json
import subprocess

import vmm
from vmm import Broken, Refused, Run, START_SECONDS

MEMORY_MIB = 256
WARMUP_MS = 150


def mote(binary, guest, disk, append, queues):
    return [binary, "run", "--kernel", guest, "--append", append, "--memory", f"{MEMORY_MIB}M", "--cpus", "1",
            "--disk", f"{disk},queues={queues}"]


def qemu(guest, blockdev, append, queues):
    # The disk is the node itself, without a format driver above it, on an I/O thread of its own.
    return vmm.qemu_machine(guest, append, MEMORY_MIB) + [
        "-object", "iothread,id=io0", "-blockdev", blockdev + ",node-name=disk0",
        "-device", f"virtio-blk-pci,drive=disk0,iothread=io0,disable-legacy=on,num-queues={queues},queue-size=256"]


def guest_line(load, ms):
    return (f"op={load.op} bs={load.block} depth={load.depth} queues={load.queues} completion={load.completion} "
            f"ms={ms} warmup_ms={WARMUP_MS} seed={load.seed} hold=1")


def measure(command, ms):
    """Runs a VMM whose guest was told to hold."""
    fields, cpu, elapsed = vmm.measure(command, ms)
    result = {key: int(fields[key]) for key in ("iops", "ops", "p50", "p90", "p99", "p999", "kicks", "interrupts")}
    # The guest's clock against this one: they enclose almost the same.
    if abs(int(fields["ns"]) / 1e9 - elapsed) > 0.05 * elapsed + 0.05:
        raise Broken(f"the guest's clock says {int(fields['ns']) / 1e9:.3f} s, the host's {elapsed:.3f}")
    result["cpu"] = cpu.all / max(result["ops"], 1)
    result["serving"] = cpu.serving / max(result["ops"], 1)
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
               "--invalidate=0", "--buffer_pattern=0x6d6f7465", "--lat_percentiles=1", "--clat_percentiles=0",
               "--fallocate=none", "--end_fsync=0", "--output-format=json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 + ms / 1000)
    if done.returncode:
        raise Refused("fio: " + (done.stderr.strip().splitlines() or ["?"])[-1])
    job = json.loads(done.stdout[done.stdout.index("{"):])["jobs"][0]
    side = job["write" if "write" in load.op else "read"]
    percentiles = side["lat_ns"].get("percentile", {})
    used = (job["usr_cpu"] + job["sys_cpu"]) / 100 * job["job_runtime"] * 1e6 / max(side["total_ios"], 1)
    return {"iops": side["iops"], "ops": side["total_ios"], "cpu": used, "serving": used,
            "p50": percentiles.get("50.000000", 0), "p99": percentiles.get("99.000000", 0)}
