"""The kinds of disks that crashes happen to: how they are made, given to mote, and read by somebody who is not mote."""
import fcntl
import os
import struct
import subprocess
import time

import model

DISK_BYTES = 16 << 20
DISK_SECTORS = DISK_BYTES // model.SECTOR


def host_image():
    return b"".join([model.sector_data(model.HOST, s) for s in range(DISK_SECTORS)])


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


def write_file(path, data):
    with open(path, "wb") as file:
        file.write(data)


def wait_until_free(path):
    """The kernel takes a killed process's ring apart, and finishes what is in it, after the process is gone; the lock
    goes with it. Only looks whether somebody has a lock."""
    with open(path, "rb") as file:
        for _ in range(1000):
            lock = fcntl.fcntl(file, fcntl.F_OFD_GETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0))
            if struct.unpack("hhqqi4x", lock)[0] == fcntl.F_UNLCK:
                return
            time.sleep(0.005)
    raise RuntimeError(f"{path} stays locked")


class Raw:
    def __init__(self, _):
        self.path = self.argument = "disk.img"
        write_file(self.path, bytes(DISK_BYTES))

    def read(self):
        return read_file(self.path)

    def complaints(self):
        """What is wrong with it whatever it holds."""
        return []


class Overlay:
    """Over a raw base whose sectors the host has named. Reads by the definition in virtio/backend/overlay/header.h."""

    BLOCK = 4096

    def __init__(self, _):
        self.base = host_image()
        write_file("base.img", self.base)
        self.path = "overlay"
        self.argument = "base.img,overlay=overlay"
        if os.path.exists(self.path):
            os.unlink(self.path)

    def read(self):
        if not os.path.exists(self.path):
            return self.base
        file = read_file(self.path)
        magic, _, block, disk, bitmap, data = struct.unpack_from("<16sIIQQQ", file)
        if magic != b"mote-overlay\r\n\x1a\n" or block != self.BLOCK or disk != DISK_BYTES:
            raise RuntimeError("the overlay's header is not one")
        image = bytearray(self.base)
        for n in range(DISK_BYTES // block):
            if file[bitmap + n // 8] >> n % 8 & 1:
                at = data + n * block
                image[n * block:(n + 1) * block] = file[at:at + block]
        return bytes(image)

    def complaints(self):
        return [] if read_file("base.img") == self.base else ["the base has changed"]


class Qcow2:
    """In clusters of a size that the random generator chooses: with small ones all the tables grow."""

    SIZES = ["64k", "64k", "4k", "512"]

    def __init__(self, rng):
        self.path = self.argument = "disk.qcow2"
        self.create(["-o", f"cluster_size={rng.choice(self.SIZES)}"])

    def create(self, options):
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *options, self.path, str(DISK_BYTES)], check=True)

    def read(self):
        subprocess.run(["qemu-img", "convert", "-U", "-f", "qcow2", "-O", "raw", self.path, "out.img"], check=True)
        return read_file("out.img")

    def complaints(self):
        check = subprocess.run(["qemu-img", "check", "-U", self.path], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, check=False)
        if check.returncode in (0, 3):  # 3: leaks only
            return []
        return [line for line in check.stdout.splitlines() if not line.startswith("Leaked")]


class Backed(Qcow2):
    """qcow2 over a raw backing file."""

    SIZES = ["64k", "16k", "4k"]

    def create(self, options):
        self.base = host_image()
        write_file("base.img", self.base)
        super().create(["-b", "base.img", "-F", "raw", *options])

    def complaints(self):
        changed = [] if read_file("base.img") == self.base else ["the backing file has changed"]
        return changed + super().complaints()


KINDS = {"raw": Raw, "overlay": Overlay, "qcow2": Qcow2, "backed": Backed}
