"""What the crash payload's disk may hold after a crash (test/guest/crash).

A sector is named by the number of the operation whose data it holds: ZEROS, HOST for what was there before the guest
began, or from FIRST up."""
import struct

ZEROS, HOST, FIRST = 0, 1, 2
SECTOR = 512
WINDOW = 512  # operations that the guest begins beyond its last promise
# What it printed last may have died with its VMM, so it may have gone on from promises that nobody heard.
MOST_BEYOND_PROMISE = 4 * WINDOW

WRITE, WRITE_ZEROES, DISCARD = "write", "write-zeroes", "discard"
_MASK = (1 << 64) - 1
_PAIR = struct.Struct("<QQ")


def _mix(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & _MASK
    return x ^ x >> 31


def operation(seed, number, disk_sectors):
    """The same as test/guest/crash/operation.c: (type, first sector, sector behind the last)."""
    bits = _mix((seed + number * 0x9E3779B97F4A7C15) & _MASK)
    kind = DISCARD if bits & 31 == 0 else WRITE_ZEROES if bits & 31 < 3 else WRITE
    nr = 1 + (bits >> 8 & (1 << (bits >> 5 & 7)) - 1)
    align = 8
    if kind != WRITE:
        nr *= 16
        align = 128
    if not bits >> 15 & 1:
        align = 1
    nr = (nr + align - 1) // align * align
    sector = (bits >> 32) % (disk_sectors - nr + 1) // align * align
    return kind, sector, sector + nr


def sector_data(name, sector):
    return bytes(SECTOR) if name == ZEROS else _PAIR.pack(name, sector) * (SECTOR // 16)


def names(image):
    """What each sector says it is; whether that is true of the whole sector is seen by broken()."""
    return memoryview(image).cast("Q")[:: SECTOR // 8].tolist()


def broken(image, found):
    """The sectors that do not hold all of what they are named after."""
    zeros = bytes(SECTOR)
    expected = b"".join([_PAIR.pack(name, s) * 32 if name else zeros for s, name in enumerate(found)])
    if image == expected:
        return []
    return [s for s in range(len(found)) if image[s * SECTOR:(s + 1) * SECTOR] != expected[s * SECTOR:(s + 1) * SECTOR]]


class Model:
    """One disk, from crash to crash."""

    def __init__(self, seed, image):
        self.seed = seed
        self.next_number = FIRST
        self.names = names(image)  # what was found after the last crash, and so is there

    def judge(self, image, promised):
        """What is wrong with the disk after operations from next_number on were begun, and those up to `promised`
        are durable: a list of lines, at most a few. What was found is what it holds from now on."""
        found, nr = names(image), len(self.names)
        floor = list(self.names)  # what is there if nothing that is not promised got there
        since = [0] * nr  # the operation that wrote it
        may_be_zeros = bytearray(nr)
        for number in range(self.next_number, promised + 1):
            kind, first, end = operation(self.seed, number, nr)
            if kind == DISCARD:  # promises no content, so neither is it lost if it was not done
                may_be_zeros[first:end] = b"\1" * (end - first)
                continue
            floor[first:end] = [number if kind == WRITE else ZEROS] * (end - first)
            since[first:end] = [number] * (end - first)
            may_be_zeros[first:end] = bytes(end - first)
        later = {}
        for number in range(promised + 1, promised + MOST_BEYOND_PROMISE + 1):
            later[number] = kind, first, end = operation(self.seed, number, nr)
            if kind != WRITE:
                may_be_zeros[first:end] = b"\1" * (end - first)
        wrong = [f"sector {s}: not the whole of {found[s]}" for s in broken(image, found)]
        for s, (name, wanted) in enumerate(zip(found, floor)):
            if name == wanted or (name == ZEROS and may_be_zeros[s]):
                continue
            kind, first, end = later.get(name, (None, 0, 0))
            if kind != WRITE or not first <= s < end:
                wrong.append(f"sector {s}: holds {name}, and {wanted} by operation {since[s]} was promised")
        if not wrong:
            self.names = found
            self.next_number = promised + MOST_BEYOND_PROMISE + 1
        self.floor, self.may_be_zeros = floor, may_be_zeros
        return wrong
