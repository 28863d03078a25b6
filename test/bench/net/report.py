"""The tables of the rounds' medians, with mote's ratios to QEMU."""
from results import aimed, ratio, report_skipped, show

OURS, QEMU, OURS_VHOST, QEMU_VHOST = "mote tap", "QEMU tap", "mote vhost", "QEMU vhost"


def table(title, results, rows, key, scale, least, aim):
    """One figure of each row in every column; ! marks an aim that was missed."""
    if not rows:
        return
    columns = [column for column in (OURS, QEMU, OURS_VHOST, QEMU_VHOST) if column not in results.skipped]
    vhost = OURS_VHOST in columns and QEMU_VHOST in columns
    print(f"\n{title:28}" + "".join(f"{column:>14}" for column in columns) + "   mote/QEMU tap" +
          ("  mote/QEMU vhost" if vhost else ""))
    for row in rows:
        values = {column: results.median(row, column, key) for column in columns}
        line = f"{row:28}" + "".join(show(v if v is None else v / scale, "14.2f", 14) for v in values.values())
        line += "  " + aimed(ratio(values.get(OURS), values.get(QEMU)), aim, not least)
        if vhost:
            line += "  " + aimed(ratio(values[OURS_VHOST], values[QEMU_VHOST]), None, not least)
        print(line.rstrip())


def report(results, loads):
    small = [row for row, load in loads.items() if load.op != "echo" and load.bytes < 65535]
    bulk = [row for row, load in loads.items() if load.bytes == 65535]
    echo = [row for row, load in loads.items() if load.op == "echo"]
    table("thousand frames a second", results, small, "pps", 1000, False, 1.5)
    table("MB a second", results, bulk, "bytes", 1e6, False, 1.3)
    table("round trip p50, us", results, echo, "p50", 1000, True, 0.9)
    table("round trip p99, us", results, echo, "p99", 1000, True, None)
    table("CPU time a frame, us", results, list(loads), "cpu", 1000, True, 1.0)
    report_skipped(results)
