#!/usr/bin/env python3
"""number-sectors.py FILE SECTORS FIRST: makes a disk image whose sector n starts with the number FIRST + n."""
import struct
import sys

path, sectors, first = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open(path, "wb") as image:
    for n in range(sectors):
        image.write(struct.pack("<Q", first + n) + bytes(504))
