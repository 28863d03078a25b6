#!/bin/bash
# trim-guest.sh TREE - leaves little for the guest's Debian to start: nested in an emulator, each process of a boot costs
# a tenth of a second. All by adding files, which TREE/usr/lib/mote-test/trimmed lists: without them it is Debian again.
set -euo pipefail
tree=$1
list=$tree/usr/lib/mote-test/trimmed

# add PATH: a file with standard input in it.
add() {
    [ ! -e "$tree$1" ] && [ ! -L "$tree$1" ] || { echo "trim-guest.sh: $1 is there already" >&2; exit 1; }
    mkdir -p "$tree$(dirname "$1")"
    cat >"$tree$1"
    echo "$1" >>"$list"
}
mask() {    # folder, names
    local name
    for name in "${@:2}"; do
        add "/etc/systemd/$1/$name" </dev/null
        ln -sf /dev/null "$tree/etc/systemd/$1/$name"
    done
}

mask system apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer \
    systemd-tmpfiles-clean.timer e2scrub_all.timer e2scrub_reap.service dbus.service dbus.socket \
    getty-static.service getty@tty1.service systemd-logind.service \
    systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-pstore.service \
    systemd-journal-flush.service systemd-random-seed.service systemd-sysusers.service \
    systemd-modules-load.service systemd-sysctl.service kmod-static-nodes.service \
    systemd-timesyncd.service systemd-networkd.service systemd-resolved.service networking.service \
    systemd-network-generator.service systemd-machine-id-commit.service \
    modprobe@configfs.service modprobe@dm_mod.service modprobe@loop.service modprobe@drm.service \
    modprobe@efi_pstore.service modprobe@fuse.service dev-hugepages.mount dev-mqueue.mount \
    sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount \
    sys-kernel-tracing.mount proc-sys-fs-binfmt_misc.automount systemd-binfmt.service \
    systemd-initctl.socket systemd-fsckd.socket systemd-ask-password-console.path \
    systemd-ask-password-wall.path systemd-tmpfiles-setup-dev.service systemd-tmpfiles-setup.service \
    systemd-remount-fs.service systemd-user-sessions.service
mapfile -t generators < <(cd "$tree/lib/systemd/system-generators" && printf '%s\n' * | grep -vE 'fstab|^systemd-getty')
mask system-generators "${generators[@]}"
# What udev would load for the CPU's features.
printf 'install %s /bin/true\n' kvm kvm_amd kvm_intel cryptd crypto_simd aesni_intel ghash_clmulni_intel \
    crc32_pclmul crct10dif_pclmul crc32c_intel sha512_ssse3 sha256_ssse3 sha1_ssse3 evdev psmouse \
    qemu_fw_cfg | add /etc/modprobe.d/test.conf
# Devices whose modules or units somebody waits for, out of some 300.
cat <<'END' | add /etc/systemd/system/systemd-udev-trigger.service.d/test.conf
[Service]
ExecStart=
ExecStart=udevadm trigger --action=add --subsystem-match=pci --subsystem-match=acpi --subsystem-match=platform \
    --subsystem-match=virtio --subsystem-match=block --subsystem-match=cpu
ExecStart=udevadm trigger --action=add --sysname-match=ttyS0 --sysname-match=hvc0
END
printf '[Journal]\nStorage=volatile\n' | add /etc/systemd/journald.conf.d/test.conf
ln -s /lib/systemd/system/multi-user.target "$tree/etc/systemd/system/default.target"
echo /etc/systemd/system/default.target >>"$list"
