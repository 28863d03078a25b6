#!/usr/bin/env python3
"""on-terminal.py [WAIT-FOR SEND]... -- COMMAND...: runs a command on a new terminal and plays a user.

Waits for each text in the output, then sends the bytes that belong to it (with escapes such as \\x1d; "SIGNAL:9" sends
the command a signal instead). Prints the output, then "status N" and whether the terminal's modes are what they
were."""
import os
import pty
import select
import signal
import sys
import termios
import time

split = sys.argv.index("--")
script, command = sys.argv[1:split], sys.argv[split + 1:]
steps = list(zip(script[::2], script[1::2]))
deadline = time.monotonic() + 60

master, slave = pty.openpty()
before = termios.tcgetattr(slave)
child = os.fork()
if child == 0:
    os.setsid()
    os.close(master)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)
    os.execvp(command[0], command)

output, status = b"", None
while True:
    if select.select([master], [], [], 0.05)[0]:
        output += os.read(master, 65536)
    elif status is not None:
        break
    if steps and steps[0][0].encode() in output:
        text = steps.pop(0)[1]
        if text.startswith("SIGNAL:"):
            os.kill(child, int(text[7:]))
        else:
            os.write(master, text.encode().decode("unicode_escape").encode("latin-1"))
    if status is None:
        pid, raw = os.waitpid(child, os.WNOHANG)
        status = os.waitstatus_to_exitcode(raw) if pid else None
    if time.monotonic() > deadline:
        os.kill(child, signal.SIGKILL)
        print("timeout")
        break
# Whoever restores the modes after a SIGKILL needs a moment.
for _ in range(100):
    restored = termios.tcgetattr(slave) == before
    if restored:
        break
    time.sleep(0.02)
sys.stdout.buffer.write(output)
print("\nstatus %s\nterminal %s" % (status, "restored" if restored else "left changed"))
