#!/usr/bin/python3
"""measure.py ROUNDS [MESSAGES] - times Debian's start from its disk alone beside --kernel; runs in the lab host.

The disk is a logical volume with Debian's root file system; in its /boot are the cloud kernel, Debian's own initrd and
a grub.cfg as update-grub writes it. With --kernel the same two files lie in a file system of the lab host, in its page
cache, and the guest has the disk too. Both times mote's kernel cache is warm; one vCPU, 256 MiB, O_DIRECT as by
default, so that what the loader reads comes from the disk each time. This program takes the time from just before fork
to when the line arrives in the console's pipe. Rounds alternate between the two; how much longer the disk takes is the
median of the rounds' differences, since the machine's speed drifts more than that from round to round.

  first line   exec to "Linux version", earlyprintk
  read         from the volume up to then, as the block layer counts it (/sys/dev/block/*/stat)

With MESSAGES, one more start of each is made with --verbose, and what it says is printed with the time when it came.
"""
import glob
import os
import select
import shutil
import statistics
import subprocess
import sys
import time

import results
import vmm

BOOT, WORK, DISK = "/lab/boot", "/run/bench", "/dev/bench/debian"
KERNEL, INITRD = f"{BOOT}/vmlinuz-6.1-cloud", f"{BOOT}/initrd-debian"
ARGUMENTS = "ro earlyprintk=ttyS0,115200"
MACHINE = ["--disk", DISK, "--memory", "256M", "--cpus", "1"]
FIRST_LINE, FIRST_LINE_SECONDS = b"Linux version", 60
AIM_MS, AIM_BYTES = 150, 1.2
MIB = 1 << 20

VMMS = {
    "--kernel": ["--kernel", KERNEL, "--initrd", INITRD, "--append", f"root=/dev/vda {ARGUMENTS}"],
    "from the disk": [],
}


def shell(command):
    return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout.strip()


def make_disk():
    """Debian as its installer leaves it, as far as a boot loader looks."""
    mount = f"{WORK}/mnt"
    os.makedirs(mount)
    shell("pvcreate -qq /dev/lab/disk0 && vgcreate -qq bench /dev/lab/disk0")
    shell("lvcreate -qq -L $(blockdev --getsize64 /dev/lab/guestroot)b -n debian bench")
    shell(f"dd if=/dev/lab/guestroot of={DISK} bs=1M iflag=direct oflag=direct conv=sparse status=none")
    uuid = shell(f"blkid -o value -s UUID {DISK}")
    shell(f"mount {DISK} {mount} && rm -rf {mount}/boot/* && mkdir {mount}/boot/grub")
    shutil.copy(KERNEL, f"{mount}/boot/vmlinuz-stock")
    shutil.copy(INITRD, f"{mount}/boot/initrd.img-stock")
    with open(f"{mount}/boot/grub/grub.cfg", "w") as config:
        text = open("debian-grub.cfg").read()
        for what, value in (("BOOT", uuid), ("ROOT", uuid), ("PREFIX", "/boot"), ("ARGUMENTS", ARGUMENTS)):
            text = text.replace(f"@{what}@", value)
        config.write(text)
    shell(f"umount {mount}")


def sectors_read():
    device = os.stat(DISK).st_rdev
    return int(open(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat").read().split()[2])


def start(name, *options):
    return vmm.Run([f"{WORK}/mote", "run", *MACHINE, *VMMS[name], *options])


def wait_for_disk():
    """A process that was killed is gone before its io_uring is taken down, and until then the disk is claimed."""
    while True:
        try:
            return os.close(os.open(DISK, os.O_RDONLY | os.O_EXCL))
        except OSError:
            time.sleep(0.05)


def measure(name):
    wait_for_disk()
    sectors, started = sectors_read(), time.monotonic()
    with start(name) as run:
        run.wait_for(FIRST_LINE, FIRST_LINE_SECONDS)
        return {"ms": (time.monotonic() - started) * 1000, "bytes": (sectors_read() - sectors) * 512}


def warm_cache():
    """Until the kernel is kept, unpacked, and its file is known: that goes on behind the guest's first seconds."""
    with start("--kernel") as run:
        run.wait_for(FIRST_LINE, FIRST_LINE_SECONDS)
        while not glob.glob(f"{WORK}/cache/mote/file-*"):
            time.sleep(0.1)


def print_messages(name):
    print(f"\n{name}: milliseconds after exec")
    wait_for_disk()
    started, printed = time.monotonic(), 0
    with start(name, "--verbose") as run:
        while FIRST_LINE not in run.seen and run.process.poll() is None:
            if select.select([run.process.stdout], [], [], 0.001)[0]:
                run.seen += os.read(run.process.stdout.fileno(), 65536)
            now = (time.monotonic() - started) * 1000
            # Not by the file's own position, which is where the process writes.
            text = os.pread(run.errors.fileno(), 65536, printed).rpartition(b"\n")
            printed += len(text[0] + text[1])
            for line in text[0].splitlines():
                print(f"{now:8.0f}  {line.decode(errors='replace')}")
        print(f"{(time.monotonic() - started) * 1000:8.0f}  first line")


def main():
    rounds = int(sys.argv[1])
    os.environ["XDG_CACHE_HOME"] = f"{WORK}/cache"
    os.makedirs(f"{WORK}/cache")
    shutil.copy("mote", f"{WORK}/mote")
    make_disk()
    figures = results.Results()
    differences = []
    print("warming", flush=True)
    warm_cache()
    for number in range(1, rounds + 1):
        print(f"round {number} of {rounds}:", end="", flush=True)
        rows = []
        for name in VMMS:
            # One start before the timed one, as in test/bench/boot.
            measure(name)
            row = figures.add("start", name, lambda: measure(name))
            print(f"  {row['ms']:.0f} ms, {row['bytes'] / MIB:.2f} MiB" if row else "  -", end="", flush=True)
            rows.append(row)
        print(flush=True)
        if all(rows):
            differences.append(rows[1]["ms"] - rows[0]["ms"])
    files = os.path.getsize(KERNEL) + os.path.getsize(INITRD)
    ms = {name: figures.median("start", name, "ms") for name in VMMS}
    if not differences:
        sys.exit("bench: no round was timed")
    read = figures.median("start", "from the disk", "bytes")
    print(f"\n{'':24}{'first line, ms':>15}{'read, MiB':>12}")
    for name in VMMS:
        print(f"{name:24}{ms[name]:15.0f}"
              f"{figures.median('start', name, 'bytes') / MIB:12.2f}")
    more = statistics.median(differences)
    print(f"\nrounds differ by {min(differences):.0f} to {max(differences):.0f} ms")
    print(f"\n{'':34}{'figure':>9}{'aim':>8}")
    print(f"{'from the disk, ms more':34}{more:9.0f}{AIM_MS:8}{'  missed' if more > AIM_MS else ''}")
    ratio = results.ratio(read, files)
    print(f"{'bytes read / (kernel + initrd)':34}{ratio:9.2f}{AIM_BYTES:8.2f}{'  missed' if ratio > AIM_BYTES else ''}")
    if len(sys.argv) > 2:
        for name in VMMS:
            print_messages(name)


main()
