#!/usr/bin/python3
"""host-pulse.py PORT - in the lab host: answers each byte that comes through a virtio port, on the next CPU each time.

QEMU's TCG sets and clears bits of a CPU's pending interrupts in its SVM code without the lock that other threads take
to do the same. Now and then an interrupt gets lost so, and if it was the timer's, that CPU sleeps for ever: it is the
timer that would have set the next one. Any later interrupt mends it. So lab.sh sends two bytes a second: whichever CPU
takes the port's interrupt wakes this process on another, and its move interrupts a third time. The answers tell
lab.sh that both still live.
"""
import os
import sys
import time

port = os.open(sys.argv[1], os.O_RDWR)
cpus = sorted(os.sched_getaffinity(0))
beats = 0
while True:
    if not os.read(port, 64):
        time.sleep(0.1)  # nobody is at the other end yet
        continue
    os.write(port, b".")
    beats += 1
    os.sched_setaffinity(0, {cpus[beats % len(cpus)]})
