#!/usr/bin/python3
"""A guest's disk under mote, under QEMU, and the same file without a VM: alternating, as medians.

Every figure is of the same file, fully allocated and written once. In each round a row is run in every column, one
after the other; the tables show the medians of the rounds. Each run starts its VMM, warms up and measures about a
second; fio does the same without a guest. Before the rounds each VMM's guest writes blocks and reads them back, and the
raw file is looked at from outside.

The guest has one vCPU, which drives all queues of a row; `poll` looks at the used rings with interrupts suppressed,
`interrupt` waits for the interrupt in a loop, `halt` in hlt. Rows called `cached` go through the host's page cache, in
which the whole file is; the others are O_DIRECT, with none of it there. To see what a VMM itself costs, --dir must be
on a device that is faster than that: a RAM disk (zram) with a file system, if there is no fast NVMe. Each page on the
disk, and of what is written, is one word over and over, which such a disk keeps as that word: neither copying nor
compressing hides the VMM.
"""
import argparse
import collections
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
import machines
import report
from report import FIO, OURS, OURS_AIO, QEMU_OTHER, QEMU_URING, RAW
from results import Results

MIB, PAGE = 1 << 20, 4096
VERIFY_BLOCKS = 64
Load = collections.namedtuple("Load", "op block depth queues completion direct seed")

QCOW2, OVERLAY_OWN, OVERLAY_BASE, QEMU_QCOW2 = "qcow2", "overlay, its clusters", "overlay, the base's", "QEMU qcow2"


def rows(quick):
    def load(op, block, depth, completion, queues=1, direct=True):
        return Load(op, block, depth, queues, completion, direct, 1)

    kib4, kib128 = 4096, 131072
    table = {
        "4k randread qd1 poll": load("randread", kib4, 1, "poll"),
        "4k randread qd1 interrupt": load("randread", kib4, 1, "interrupt"),
        "4k randread qd1 halt": load("randread", kib4, 1, "halt"),
        "4k randread qd32 poll": load("randread", kib4, 32, "poll"),
        "4k randread qd32 interrupt": load("randread", kib4, 32, "interrupt"),
        "4k randread qd128 poll": load("randread", kib4, 128, "poll"),
        "4k randread qd128 interrupt": load("randread", kib4, 128, "interrupt"),
        "4k randread qd32 4 queues": load("randread", kib4, 32, "poll", 4),
        "4k randwrite qd32 poll": load("randwrite", kib4, 32, "poll"),
        "4k randwrite qd32 interrupt": load("randwrite", kib4, 32, "interrupt"),
        "4k read qd32 poll": load("read", kib4, 32, "poll"),
        "4k write qd32 poll": load("write", kib4, 32, "poll"),
        "128k read qd8 poll": load("read", kib128, 8, "poll"),
        "128k randread qd8 poll": load("randread", kib128, 8, "poll"),
        "128k write qd8 poll": load("write", kib128, 8, "poll"),
        "cached 4k randread qd1 poll": load("randread", kib4, 1, "poll", direct=False),
        "cached 4k randread qd1 interrupt": load("randread", kib4, 1, "interrupt", direct=False),
        "cached 4k randread qd32 poll": load("randread", kib4, 32, "poll", direct=False),
        "cached 4k randread qd32 interrupt": load("randread", kib4, 32, "interrupt", direct=False),
        "cached 128k read qd8 poll": load("read", kib128, 8, "poll", direct=False),
    }
    main = ("4k randread qd1 poll", "4k randread qd32 poll", "4k randread qd32 interrupt", "4k randwrite qd32 poll",
            "128k read qd8 poll", "cached 4k randread qd1 poll", "cached 4k randread qd32 poll")
    return {name: table[name] for name in main} if quick else table


class Bench:
    """The disk in its formats, and the commands that measure it."""

    def __init__(self, args, folder):
        self.args, self.cached = args, {}
        self.raw, self.qcow2, self.overlay, self.base = (
            f"{folder}/disk.{end}" for end in ("img", "qcow2", "overlay", "base"))

    def files(self, column):
        """The disk, and the files below it."""
        return {QCOW2: [self.qcow2], QEMU_QCOW2: [self.qcow2], OVERLAY_OWN: [self.base, self.overlay],
                OVERLAY_BASE: [self.base]}.get(column, [self.raw])

    def command(self, column, load, append):
        if column.startswith("QEMU"):
            return machines.qemu(self.args.guest, self.blockdev(column, load), append, load.queues)
        engine = "aio" if column == OURS_AIO else "io_uring"
        disk = f"{self.files(column)[0]},cache={'direct' if load.direct else 'writeback'},engine={engine}"
        disk += {QCOW2: ",format=qcow2", OVERLAY_OWN: f",overlay={self.overlay}",
                 OVERLAY_BASE: ",overlay=temp"}.get(column, "")
        return machines.mote(self.args.mote, self.args.guest, disk + self.args.disk, append, load.queues)

    def blockdev(self, column, load):
        # Linux AIO is O_DIRECT only; through the page cache QEMU's other engine is its threads.
        aio = "io_uring" if column != QEMU_OTHER else "native" if load.direct else "threads"
        cache = "on" if load.direct else "off"
        if column == QEMU_QCOW2:
            return (f"driver=qcow2,cache.direct={cache},file.driver=file,file.filename={self.qcow2},file.aio={aio},"
                    f"file.cache.direct={cache},file.locking=off")
        return f"driver=file,filename={self.raw},cache.direct={cache},aio={aio}"

    def place(self, files, direct):
        """Puts files into the page cache, or takes them out."""
        for path in files:
            if self.cached.get(path) == (not direct) or not os.path.exists(path):
                continue
            disk = os.open(path, os.O_RDONLY)
            os.fsync(disk)
            if direct:
                os.posix_fadvise(disk, 0, 0, os.POSIX_FADV_DONTNEED)
            else:
                while os.read(disk, 4 * MIB):
                    pass
            os.close(disk)
            self.cached[path] = not direct

    def run(self, column, load):
        self.place(self.files(column), load.direct)
        if column == FIO:
            return machines.fio(self.raw, load, self.args.ms)
        return machines.measure(self.command(column, load, machines.guest_line(load, self.args.ms)), self.args.ms)

    def verify(self, column, load):
        """The guest writes and reads back; then a raw file must hold what was written, in its place."""
        append = f"op=verify bs={load.block} completion=poll queues={load.queues} depth={load.queues} seed={load.seed}"
        self.place(self.files(column), load.direct)
        said = machines.complete(self.command(column, load, append), b"bench: op=verify")
        self.cached.clear()
        if "bad=0" not in said.split():
            sys.exit(f"bench: {column}: what was read is not what was written: {said}")
        if column not in (OURS, OURS_AIO, QEMU_URING, QEMU_OTHER, RAW):
            return
        stride = os.path.getsize(self.raw) // load.block // VERIFY_BLOCKS * load.block
        with open(self.raw, "rb") as disk:
            for n in range(VERIFY_BLOCKS):
                disk.seek(n * stride)
                for sector in range(n * stride // 512, n * stride // 512 + load.block // 512):
                    words = struct.unpack("<64Q", disk.read(512))
                    if any(word != ((sector * 0x9e3779b97f4a7c15 + w) & 2**64 - 1) ^ load.seed
                           for w, word in enumerate(words)):
                        sys.exit(f"bench: {column}: sector {sector} of the file is not what the guest wrote")

    def make_formats(self, results):
        """The qcow2 image, with every cluster; and an overlay in which the guest has written every block, over a base
        that nothing else writes to."""
        subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", self.raw, self.qcow2], check=True)
        shutil.copyfile(self.raw, self.base)
        load = Load("write", 131072, 8, 1, "poll", False, 1)
        append = f"op=write bs=131072 depth=8 completion=poll ops={os.path.getsize(self.raw) // 131072}"
        results.add("", OVERLAY_OWN, lambda: machines.complete(self.command(OVERLAY_OWN, load, append), b"bench: op"))


def make_file(path, size):
    with open(path, "wb") as disk:
        os.posix_fallocate(disk.fileno(), 0, size)
        for _ in range(size // MIB):
            disk.write(b"".join(os.urandom(8) * (PAGE // 8) for _ in range(MIB // PAGE)))
        os.fsync(disk.fileno())


def size_of(text):
    number = re.fullmatch(r"(\d+)([MG])", text)
    if not number:
        sys.exit("run.sh: a size is a number with M or G")
    return int(number[1]) * (MIB << 10 if number[2] == "G" else MIB)


def format_rows():
    names = ("4k randread qd1 poll", "4k randread qd32 poll", "4k randwrite qd32 poll", "128k read qd8 poll",
             "128k write qd8 poll", "cached 4k randread qd32 poll")
    every = rows(False)
    return {name: every[name] for name in names}


def rounds(bench, loads, columns, results):
    for number in range(1, bench.args.rounds + 1):
        seen = {}
        print(f"round {number} of {bench.args.rounds}:", end="", flush=True)
        for row, load in loads.items():
            for column in columns:
                # What fio does is the same for every way in which a guest may wait.
                key = load._replace(completion="", queues=0)
                if column == FIO and key in seen:
                    results.figures[row][FIO].append(seen[key])
                    continue
                if column == OVERLAY_BASE and "write" in load.op:
                    continue  # it would soon be its own clusters
                result = results.add(row, column, lambda: bench.run(column, load))
                if column == FIO and result:
                    seen[key] = result
            print(".", end="", flush=True)
        print(flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="run.sh", add_help=False)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rows", default="")
    parser.add_argument("--size", default="1G")
    parser.add_argument("--dir", default=tempfile.gettempdir())
    parser.add_argument("--mote", default="build/release/vmm/cli/mote")
    parser.add_argument("--guest", default="build/release/test/guest/bench.elf")
    parser.add_argument("--disk", default="")
    parser.add_argument("--json")
    parser.add_argument("--formats", action="store_true")
    args = parser.parse_args()
    args.rounds = args.rounds or (3 if args.quick else 5)
    args.ms = 300 if args.quick else 1000
    args.disk = args.disk and "," + args.disk
    for file in (args.mote, args.guest):
        if not os.path.exists(file):
            sys.exit(f"run.sh: no '{file}': build the release preset first, or name it with --mote and --guest")
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        sys.exit("run.sh: /dev/kvm is not there or not writable")
    return args


def main():
    args = arguments()
    loads = format_rows() if args.formats else rows(args.quick)
    loads = {row: load for row, load in loads.items() if re.search(args.rows, row)}
    columns = [RAW, QCOW2, OVERLAY_OWN, OVERLAY_BASE, QEMU_QCOW2] if args.formats else \
        [FIO, OURS, OURS_AIO, QEMU_URING, QEMU_OTHER]
    with tempfile.TemporaryDirectory(prefix="mote-bench-", dir=args.dir) as folder:
        bench, results = Bench(args, folder), Results()
        os.environ.update(XDG_CACHE_HOME=folder, XDG_RUNTIME_DIR=folder)
        for column in columns:
            program = "fio" if column == FIO else "qemu-system-x86_64" if column.startswith("QEMU") else "true"
            if not shutil.which(program):
                results.skipped[column] = f"no {program} here"
        print(f"writing the disk, {args.size} in {args.dir}", flush=True)
        make_file(bench.raw, size_of(args.size))
        if args.formats:
            bench.make_formats(results)
        for column in columns:
            for direct in (True, False):
                load = Load("verify", 4096, 1, 1, "poll", direct, 7)
                if column != FIO:
                    results.add("", column, lambda: bench.verify(column, load))
        del results.figures[""]
        before = os.getloadavg()[0]
        rounds(bench, loads, columns, results)
        print(f"load average before and after: {before:.1f}, {os.getloadavg()[0]:.1f}, on {os.cpu_count()} CPUs; what "
              "else runs takes from every figure")
        (report.report_formats if args.formats else report.report)(results, loads, columns)
        if args.json:
            with open(args.json, "w") as out:
                json.dump(results.figures, out, indent=1)


main()
