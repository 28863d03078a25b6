"""The tables of the rounds' medians."""
import re

from results import aimed, ratio, report_skipped, show

FIO, OURS, OURS_AIO, QEMU_URING, QEMU_OTHER = "fio", "mote io_uring", "mote aio", "QEMU io_uring", "QEMU native"
RAW = "raw"


def best(results, row, key, least):
    values = [results.median(row, column, key) for column in (QEMU_URING, QEMU_OTHER)]
    values = [value for value in values if value is not None]
    return None if not values else min(values) if least else max(values)


def table(title, results, loads, columns, key, scale, least, fio_aim, qemu_aim):
    """One figure of every row and column, and mote's ratios; ! marks an aim that was missed."""
    if not loads:
        return
    print(f"\n{title:34}" + "".join(f"{column:>15}" for column in columns) + "   mote/fio        mote/QEMU's best")
    for row in loads:
        values = [results.median(row, column, key) for column in columns]
        ours = results.median(row, OURS, key)
        line = f"{row:34}" + "".join(show(v if v is None else v / scale, "15.2f", 15) for v in values)
        to_fio = aimed(ratio(ours, results.median(row, FIO, key)), fio_aim(row), not least)
        to_qemu = aimed(ratio(ours, best(results, row, key, least)), qemu_aim(row), not least)
        print(f"{line}  {to_fio} {to_qemu}".rstrip())


def report(results, loads, columns):
    def aim(pattern, value):
        return lambda row: value if re.match(pattern, row) else None

    def none(row):
        return None

    table("thousand operations a second", results, loads, columns, "iops", 1000, False,
          aim("4k randread qd32 (poll|inter)", 0.90), aim("cached 4k|4k randread qd32 (poll|inter)", 1.3))
    depth1 = [row for row, load in loads.items() if load.depth == 1]
    for key in ("p50", "p99"):
        table(f"latency {key}, us", results, depth1, columns, key, 1000, True, none, aim("4k randread qd1", 1.15))
    table("CPU time an operation, us", results, loads, columns, "cpu", 1000, True, none, aim("", 1.0))
    # Of a vCPU that sleeps in hlt most is KVM's own: to leave the guest, to sleep, to be woken and to enter it again.
    halted = [row for row, load in loads.items() if load.completion == "halt"]
    table("of it the disk's threads, us", results, halted, columns, "serving", 1000, True, none, none)
    report_skipped(results)


def report_formats(results, loads, columns):
    """Each format's operations as a ratio to raw, both mote's; QEMU's qcow2 beside them."""
    print(f"\n{'operations a second, thousand':34}" + "".join(f"{column:>26}" for column in columns))
    for row in loads:
        raw = results.median(row, RAW, "iops")
        line = f"{row:34}"
        for column in columns:
            value = results.median(row, column, "iops")
            share = ratio(value, raw)
            cell = "-" if value is None else f"{value / 1000:.1f}"
            if share is not None and column != RAW:
                ours = not column.startswith("QEMU")
                cell += f" {share:5.2f}" + (" >=0.90" + ("!" if share < 0.9 else " ") if ours else "")
            line += f"{cell:>26}"
        print(line.rstrip())
    report_skipped(results)
