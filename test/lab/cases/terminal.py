#!/usr/bin/python3
"""terminal.py TRANSCRIPT login|signal|key COMMAND...: run COMMAND on a terminal of its own.

login:   wait for a root shell, type a command, see its answer, power off.
signal:  wait for the guest's /init, then SIGTERM, twice: the first presses the power button.
key:     the same with Ctrl-] q.
Either way the terminal's modes afterwards must be what they were before.
"""
import os
import pty
import re
import select
import signal
import sys
import termios
import time


def main():
    transcript, how, command = sys.argv[1], sys.argv[2], sys.argv[3:]
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.close(master)
        for fd in (0, 1, 2):
            os.dup2(slave, fd)
        os.execv(command[0], command)
    seen = bytearray()
    log = open(transcript, "wb")

    def until(pattern, seconds):
        deadline = time.monotonic() + seconds
        while not re.search(pattern, seen):
            left = deadline - time.monotonic()
            if left <= 0:
                tail = seen[-2000:].decode(errors="replace")
                os.kill(pid, signal.SIGKILL)
                sys.exit(f"  failed: no {pattern!r} within {seconds} s; the terminal showed:\n{tail}")
            if select.select([master], [], [], left)[0]:
                data = os.read(master, 4096)
                log.write(data)
                seen.extend(data)

    if how == "login":
        until(rb"root@guest:~# ", 300)
        if termios.tcgetattr(slave)[3] & (termios.ICANON | termios.ECHO):
            sys.exit("  failed: the terminal is not in raw mode while the guest has it")
        os.write(master, b"echo answer-$((6 * 7))\r")
        until(rb"answer-42", 60)
        os.write(master, b"poweroff\r")
        until(rb"reboot: Power down", 240)
    else:
        until(rb"mote-init: running", 120)
        if how == "key":
            os.write(master, b"\x1dq")
        else:
            os.kill(pid, signal.SIGTERM)
            time.sleep(0.5)
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 20
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            sys.exit("  failed: the VMM did not end")
        if select.select([master], [], [], 0.1)[0]:
            os.read(master, 4096)
    if termios.tcgetattr(slave) != before:
        sys.exit("  failed: the terminal's modes were not restored")


main()
