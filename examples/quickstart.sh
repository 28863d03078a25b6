#!/bin/bash
# quickstart.sh - from a fresh Debian 12 to a Debian guest under mote, in one command: installs what is
# missing, builds mote, builds a Debian on a disk image, boots it to its login prompt, logs in, runs a few
# commands in it, and powers it off.
#
# Where this machine's KVM can't run guest kernels at full speed (see `mote doctor`), all of that happens in
# the lab, a Debian host under QEMU with KVM of its own. Slower, and otherwise the same.
#
# Everything it makes is kept in build/: run it again, and it goes straight to the boot. Run it as root.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
repo=$(dirname "$here")
cd "$repo"
# shellcheck source=../test/packages.sh
. test/packages.sh
# shellcheck source=../test/lab/packages.sh
. test/lab/packages.sh

case ${1:-} in
'') ;;
--help | -h) sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"; exit 0 ;;
*) echo "quickstart.sh takes no arguments, and '$1' was given" >&2; exit 2 ;;
esac
if [ "$(id -u)" != 0 ]; then
    echo "quickstart.sh must run as root, since it installs packages and unpacks a Debian: sudo $0" >&2
    exit 1
fi

work=$repo/build/quickstart
mote=$work/build/vmm/cli/mote
GUEST_INCLUDE=systemd-sysv,udev,dbus,kmod,util-linux,procps,iproute2,initramfs-tools,linux-image-cloud-amd64
mkdir -p "$work"
exec {lock}>"$work/.lock"
flock -n "$lock" || { echo 'waiting for another quickstart.sh to end'; flock "$lock"; }
trap 'rm -rf "$work/tree" "$work/share" "$work/patience.conf" "$work"/*.new "$work"/build.log' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step() { echo; echo "== $* ($SECONDS s)"; }

build_mote() {
    cmake -S . -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMOTE_TESTS=OFF >"$work/build.log" 2>&1 &&
        cmake --build "$work/build" --target mote >>"$work/build.log" 2>&1 ||
        { cat "$work/build.log" >&2; return 1; }
    echo "$mote: $(stat -c %s "$mote") bytes"
}

# A Debian as a user would install it, on one ext4 without partitions, as a logical volume often holds it.
build_guest() {
    rm -rf "$work/tree"
    # In the lab on a busy machine, devices may take longer to appear than systemd's minute and a half.
    printf '[Manager]\nDefaultTimeoutStartSec=600\nDefaultDeviceTimeoutSec=600\n' >"$work/patience.conf"
    lab_apt_sources | mmdebstrap --mode=root --variant=minbase --include="$GUEST_INCLUDE" \
        --customize-hook='echo quickstart >"$1/etc/hostname"' \
        --customize-hook='echo "127.0.0.1 localhost quickstart" >"$1/etc/hosts"' \
        --customize-hook='echo "/dev/vda / ext4 defaults 0 1" >"$1/etc/fstab"' \
        --customize-hook='chroot "$1" passwd --delete root' \
        --customize-hook='mkdir "$1/etc/systemd/system.conf.d"' \
        --customize-hook="copy-in $work/patience.conf /etc/systemd/system.conf.d" \
        --customize-hook='rm -f "$1/etc/machine-id" && chroot "$1" systemd-machine-id-setup' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        bookworm "$work/tree" -
    cp "$work"/tree/boot/vmlinuz-* "$work/vmlinuz.new"
    cp "$work"/tree/boot/initrd.img-* "$work/initrd.new"
    truncate -s 2G "$work/debian.img.new"
    mke2fs -q -t ext4 -L debian -d "$work/tree" "$work/debian.img.new"
    rm -rf "$work/tree"
    mv "$work/vmlinuz.new" "$work/vmlinuz"
    mv "$work/initrd.new" "$work/initrd"
    mv "$work/debian.img.new" "$work/debian.img"
}

step '1 of 4: packages'
packages_install "${BUILD_NEEDS[@]}" mmdebstrap debian-archive-keyring e2fsprogs

step '2 of 4: mote'
build_mote
verdicts=$("$mote" doctor || true)
echo "$verdicts"

step '3 of 4: a Debian guest'
if [ -f "$work/debian.img" ]; then
    echo "already there: $work/debian.img (delete it for a new one)"
else
    build_guest
fi
echo "$(du -h "$work/debian.img" | cut -f1) of Debian on $work/debian.img"

step '4 of 4: boot, log in, look around, power off'
if grep -qE '^ok +guest kernels' <<<"$verdicts"; then
    "$here/quickstart-session.sh" "$mote" "$work/vmlinuz" "$work/initrd" "$work/debian.img"
else
    echo "This machine can't run guest kernels natively: using the lab, which emulates a host that can."
    packages_install "${LAB_NEEDS[@]}"
    mkdir -p "$work/share"
    cp "$mote" "$work/vmlinuz" "$work/initrd" "$here/quickstart-session.sh" "$work/share/"
    test/lab/lab.sh --timeout 1500 --share "$work/share" --disk "$work/debian.img" -- \
        './quickstart-session.sh ./mote ./vmlinuz ./initrd /dev/lab/disk0'
fi

cat <<END

That was, on a machine with KVM:
  $mote run --kernel $work/vmlinuz \\
      --initrd $work/initrd --append 'root=/dev/vda rw' --disk $work/debian.img
Log in as root, without a password.
END
