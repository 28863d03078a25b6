#!/usr/bin/python3
"""without-io-uring.py COMMAND...: run COMMAND with io_uring refused (EPERM), as a container's seccomp does."""
import ctypes
import os
import struct
import sys

LD_NR = struct.pack("<HBBI", 0x20, 0, 0, 0)               # load the system call's number
BELOW = struct.pack("<HBBI", 0x35, 0, 2, 425)             # below io_uring_setup: allow
ABOVE = struct.pack("<HBBI", 0x25, 1, 0, 427)             # above io_uring_register: allow
REFUSE = struct.pack("<HBBI", 0x06, 0, 0, 0x00050001)     # SECCOMP_RET_ERRNO | EPERM
ALLOW = struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF0000)
PROGRAM = LD_NR + BELOW + ABOVE + REFUSE + ALLOW

libc = ctypes.CDLL(None, use_errno=True)
code = ctypes.create_string_buffer(PROGRAM, len(PROGRAM))
filter_ = struct.pack("HxxxxxxP", len(PROGRAM) // 8, ctypes.addressof(code))
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filter_, 0, 0):
    sys.exit("without-io-uring: " + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[1], sys.argv[1:])
