#!/usr/bin/env python3
"""run.py KIND [--kills N] [--seed N]: kills mote with SIGKILL while its guest writes, and looks at the disk.

KIND is raw, overlay, qcow2 or backed (qcow2 over a backing file). MOTE and GUESTS name the binary and the folder of the
guests' ELF files; what is made is made in the current folder. After each kill every sector must hold what the last
operation whose durability was promised to the guest left there, or what a later one did; then the guest starts again
on the same disk. In the end of a disk a guest copies it, to compare what mote reads. After KILLS_PER_DISK kills a new
disk begins, with the next seed. A failure names its seed: with it the same is done to the same disk again, up to the
host's timing."""
import argparse
import os
import random
import subprocess
import sys
import threading
import time

import disks
import model

KILLS_PER_DISK = 8
START_SECONDS = 30


class Failed(Exception):
    pass


def engines():
    try:
        with open("/proc/sys/kernel/io_uring_disabled", encoding="ascii") as file:
            has_uring = file.read().strip() == "0"
    except FileNotFoundError:
        has_uring = True
    return ["io_uring", "io_uring", "aio", "thread"] if has_uring else ["aio", "thread"]


def promises(output):
    """Those in whole lines: the last may be torn."""
    lines = output[:output.rfind(b"\n") + 1].decode().split("\n")
    bad = [line for line in lines if line and not line.startswith("f ")]
    if bad:
        raise Failed(f"the guest says '{bad[0]}'")
    return [int(line[2:]) for line in lines if line]


def mote(options):
    return [os.environ["MOTE"], "run", "--kernel", os.path.join(os.environ["GUESTS"], "crash.elf"), "--append", options]


def run_and_kill(disk, first, seed, rng):
    """Starts the guest, kills mote 20 to 300 ms after its first promise: the last promise, and what was chosen."""
    queues = rng.randint(1, 4)
    options = f"queues={queues},engine={rng.choice(engines())},cache={rng.choice(['auto', 'auto', 'direct'])}"
    durable = rng.choice(["flush", "flush", "flush", "always", "uncached"])
    delay = rng.uniform(0.020, 0.300)
    command = mote(f"seed={seed} first={first} queues={queues} durable={durable}")
    command += ["--disk", f"{disk.argument},{options}"]
    with open("err", "wb") as err, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                                    stderr=err) as process:
        watchdog = threading.Timer(START_SECONDS, process.kill)
        watchdog.start()
        output = process.stdout.readline()
        watchdog.cancel()
        time.sleep(delay)
        ended = process.poll()
        process.kill()
        output += process.stdout.read()
        process.wait()
    if ended is not None or not output:
        raise Failed(f"mote ended by itself ({ended}): {output[-300:]!r} {disks.read_file('err')[-600:]!r}")
    disks.wait_until_free(disk.path)
    return max(promises(output), default=first - 1), f"{options} durable={durable} killed after {delay * 1000:.0f} ms"


def copy_by_guest(disk):
    """What mote itself finds on the disk."""
    disks.write_file("copy.img", bytes(disks.DISK_BYTES))
    command = mote("copy=1") + ["--disk", disk.argument, "--disk", "copy.img"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=START_SECONDS, check=False)
    if done.returncode != 0 or done.stdout != b"copied\n":
        raise Failed(f"the guest can't copy the disk: {done.stdout[-600:]!r}")
    return disks.read_file("copy.img")


def prove_that_faults_are_seen(state, judge, image, before):
    """Spoils copies of a disk that is right, in every way that a crash might."""
    found = model.names(image)
    promised = [s for s, name in enumerate(state.floor)
                if name == found[s] and name != before[s] and name >= model.FIRST and not state.may_be_zeros[s]]
    if len(promised) < 2:
        return False
    s, other = promised[0], promised[-1]
    good = image[s * model.SECTOR:(s + 1) * model.SECTOR]
    faults = {
        "a bit is flipped": good[:300] + bytes([good[300] ^ 1]) + good[301:],
        "a flushed write is lost": model.sector_data(before[s], s),
        "a flushed write is zeros": bytes(model.SECTOR),
        "another sector's data is there": model.sector_data(found[other], other),
        "the write before is there": model.sector_data(found[s] - 1, s),
        "what was never written is there": model.sector_data(1 << 40, s),
        "half a sector is there": good[:256] + bytes(256),
    }
    for what, spoilt in faults.items():
        if not judge(image[:s * model.SECTOR] + spoilt + image[(s + 1) * model.SECTOR:]):
            raise Failed(f"the check does not see it when {what}")
    return True


class Campaign:
    """Disks of one kind, one after the other."""

    def __init__(self, kind):
        self.kind = kind
        self.kills = self.operations = 0
        self.proven = False

    def one_kill(self, disk, state, rng):
        first, before = state.next_number, list(state.names)
        promised, how = run_and_kill(disk, first, state.seed, rng)
        image = disk.read()
        self.kills += 1
        self.operations += promised + 1 - first
        wrong = state.judge(image, promised) + disk.complaints()
        if wrong:
            raise Failed(f"operations {first} to {promised}, {how}: {len(wrong)} faults\n" + "\n".join(wrong[:10]))
        if not self.proven:
            def judge(spoilt):
                copy = model.Model(state.seed, image)
                copy.names, copy.next_number = before, first
                return copy.judge(spoilt, promised)

            self.proven = prove_that_faults_are_seen(state, judge, image, before)

    def one_disk(self, seed, kills):
        rng = random.Random(seed)
        disk = disks.KINDS[self.kind](rng)
        state = model.Model(seed, disk.read())
        for kill in range(kills):
            try:
                self.one_kill(disk, state, rng)
            except Failed as why:
                raise Failed(f"{self.kind}, seed {seed}, kill {kill + 1}: {why}") from why
        image = disk.read()
        if copy_by_guest(disk) != image:
            raise Failed(f"{self.kind}, seed {seed}: mote reads the disk in another way")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=disks.KINDS)
    parser.add_argument("--kills", type=int, default=70)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    campaign, seed, start = Campaign(options.kind), options.seed, time.monotonic()
    try:
        while campaign.kills < options.kills:
            campaign.one_disk(seed, min(KILLS_PER_DISK, options.kills - campaign.kills))
            seed += 1
    except Failed as why:
        print(why)
        sys.exit(1)
    if not campaign.proven:
        print("too little was written to prove that the check can fail")
        sys.exit(1)
    print(f"{options.kind}: {campaign.kills} kills, {campaign.operations} operations promised, nothing lost"
          f" (seeds from {options.seed}, {time.monotonic() - start:.0f} s)")


if __name__ == "__main__":
    main()
