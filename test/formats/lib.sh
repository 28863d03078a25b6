# What the cases are written with. Sourced by run.sh, which sets workload, crash and work.
# shellcheck shell=bash disable=SC2154

# image FILE SIZE [OPTION...]: an empty image.
image() {
	local file=$1 size=$2
	shift 2
	qemu-img create -q -f qcow2 "$@" "$file" "$size"
}

# noise FILE SIZE: a raw file of pseudo-random bytes with holes, the same each time.
noise() {
	truncate -s "$2" "$1"
	openssl enc -aes-128-ctr -K 00 -iv 00 -in /dev/zero 2>/dev/null | head -c "$(($(numfmt --from=iec "$2") / 3))" |
		dd of="$1" bs=64k conv=notrunc status=none
	openssl enc -aes-128-ctr -K 01 -iv 00 -in /dev/zero 2>/dev/null | head -c 300000 |
		dd of="$1" bs=4k seek=$(($(numfmt --from=iec "$2") / 8192)) conv=notrunc status=none
}

# check IMAGE: qemu-img finds neither errors nor leaks.
check() {
	qemu-img check -q "$1" || {
		qemu-img check "$1" 2>&1 | tail -n 8
		return 1
	}
}

# same IMAGE FILE [FORMAT]: both hold the same bytes.
same() {
	qemu-img compare -f "${3:-qcow2}" -F raw "$1" "$2" || return 1
}

# work_on IMAGE [OPTION...]: the image, whatever it holds, under random requests; then it must hold what it should.
work_on() {
	local file=$1
	shift
	qemu-img convert -O raw "$file" model
	"$workload" --format qcow2 --steps 900 --model model "$@" "$file"
	check "$file"
	same "$file" model
}

# unchanged FILE COMMAND...: the command leaves the file's bytes as they are.
unchanged() {
	local file=$1 before after
	shift
	before=$(sha256sum <"$file")
	"$@"
	after=$(sha256sum <"$file")
	[[ $before == "$after" ]] || {
		echo "$file has changed"
		return 1
	}
}

# refused TEXT FILE [OPTION...]: the image is refused with one line that holds TEXT, and stays as it is.
refused() {
	local text=$1 file=$2 before after
	shift 2
	before=$(sha256sum <"$file")
	if "$workload" --format qcow2 --steps 1 --model model "$@" "$file" 2>err; then
		echo "$file is not refused"
		return 1
	fi
	after=$(sha256sum <"$file")
	cat err
	# The program's own line comes last.
	[[ $(wc -l <err) == 2 && $before == "$after" ]] && head -n 1 err | grep -q -- "$text"
}

# poke FILE OFFSET BYTES: writes bytes, given as for printf, into the file.
poke() {
	# shellcheck disable=SC2059
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# sound IMAGE: qemu-img finds no errors; clusters that are leaked are all that may be wrong.
sound() {
	local tries status=1
	# The kernel gives a killed program's locks back a moment later.
	for ((tries = 0; tries < 200; tries++)); do
		status=0
		qemu-img check -q "$1" >checked 2>&1 || status=$?
		grep -q 'Failed to lock' checked || break
		sleep 0.01
	done
	# 3: leaks only
	((status == 0 || status == 3)) || {
		cat checked
		return 1
	}
}

# kill_often IMAGE TIMES [OPTION...]: kills a program that writes to the image at random moments. What was flushed is
# there each time, and the image is sound.
kill_often() {
	local file=$1 times=$2 i pid status
	shift 2
	for ((i = 0; i < times; i++)); do
		"$crash" --state state --seed "$i" "$@" "$file" >said 2>&1 &
		pid=$!
		while kill -0 "$pid" 2>/dev/null && ! grep -qs writing said; do sleep 0.005; done
		sleep "0.0$((RANDOM % 90 + 10))"
		kill -KILL "$pid" 2>/dev/null || {
			cat said
			return 1
		}
		wait "$pid" 2>/dev/null || true
		[[ $file != *.qcow2 ]] || sound "$file" || return 1
	done
	"$crash" --state state --verify "$@" "$file"
}
