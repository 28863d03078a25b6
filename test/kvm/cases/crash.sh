# shellcheck shell=bash disable=SC2034,SC2154
# mote killed in the middle of writes: what was promised is there, on every kind of disk. KILLS says how often each.

killed_often() { # KIND KILLS
	case $1 in
	qcow2 | backed) command -v qemu-img >/dev/null || skip "no qemu-img" ;;
	esac
	MOTE=$mote GUESTS=$guests PYTHONDONTWRITEBYTECODE=1 python3 "$tools/crash/run.py" "$1" --kills "$2"
}

case_crash_raw() {
	killed_often raw "${KILLS:-70}"
}

case_crash_overlay() {
	killed_often overlay "${KILLS:-70}"
}

case_crash_qcow2() {
	killed_often qcow2 "${KILLS:-70}"
}

case_crash_qcow2_over_a_backing_file() {
	killed_often backed $((${KILLS:-70} / 4 + 1))
}
