# What the lab is made of: package lists, and which kernels. Sourced, never run.
# shellcheck shell=bash disable=SC2034

# What the machine that builds and starts the lab needs.
LAB_NEEDS=(qemu-system-x86 mmdebstrap e2fsprogs kmod cpio gzip lz4 xz-utils zstd util-linux
           debian-archive-keyring)

# The lab host: a Debian with device-mapper tools, what networks are made of, QEMU to compare with, and measuring tools.
HOST_PACKAGES=(lvm2 thin-provisioning-tools dmsetup iproute2 nftables kmod util-linux e2fsprogs
               passt dnsmasq-base tcpdump ethtool
               iperf3 fio socat python3 procps iputils-ping xz-utils zstd lz4 cpio
               busybox-static strace qemu-system-x86 qemu-utils seabios linux-perf)

# The guest: what a small Debian server has, with both ways to set up its network. The kernel package is added by
# build-guest-root.sh.
GUEST_PACKAGES=(systemd-sysv dbus udev kmod util-linux e2fsprogs procps iproute2 initramfs-tools
                busybox-static systemd-resolved ifupdown isc-dhcp-client iputils-ping ethtool iperf3)

# Modules a guest's small initrd and the guest's own /lib/modules get for each kernel that the
# guest did not install itself.
GUEST_MODULES=(virtio_pci virtio_mmio virtio_blk virtio_console virtio_rng virtio_net
               virtio_balloon ext4 crc32c_generic autofs4 pvpanic-mmio pvpanic-pci button evdev)

KERNELS=(6.1-cloud 6.1-generic 6.12-cloud)

# lab_kernel_package NAME: the newest package of that kind that apt knows.
lab_kernel_package() {
    local pattern newest
    case $1 in
    6.1-cloud)   pattern='^linux-image-6\.1\.0-[0-9]+-cloud-amd64$' ;;
    6.1-generic) pattern='^linux-image-6\.1\.0-[0-9]+-amd64$' ;;
    6.12-cloud)  pattern='^linux-image-6\.12\.[0-9]+\+deb12-cloud-amd64$' ;;
    *) echo "lab: no kernel is called '$1'; there are: ${KERNELS[*]}" >&2; return 1 ;;
    esac
    newest=$(apt-cache pkgnames linux-image-6 | grep -E "$pattern" | sort -V | tail -n 1)
    if [ -z "$newest" ]; then
        echo "lab: apt knows no package matching $pattern: run apt-get update;" \
             "6.12 needs bookworm-security or bookworm-backports" >&2
        return 1
    fi
    echo "$newest"
}

# lab_package_version PACKAGE: the version apt would install.
lab_package_version() {
    apt-cache show --no-all-versions "$1" | sed -n 's/^Version: //p' | head -n 1
}

# lab_apt_sources: this machine's own Debian sources, as one-line entries for mmdebstrap.
lab_apt_sources() {
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' | grep -E ' bookworm(-updates|-security|-backports)? ' | sort -u
}

# Other systems, whose own disks mote starts (build-distro.sh).
DISTROS=(trixie i386 bullseye btrfs systemd-boot extlinux)
DISTRO_PACKAGES=(initramfs-tools busybox zstd grub2-common fdisk)

# lab_distro NAME: its suite, its architecture, and what it has beyond DISTRO_PACKAGES.
lab_distro() {
    case $1 in
    bullseye) echo bullseye amd64 linux-image-cloud-amd64 ;;
    trixie)   echo trixie amd64 linux-image-cloud-amd64 lvm2 e2fsprogs xfsprogs ;;
    i386)     echo bookworm i386 linux-image-686-pae ;;
    btrfs)    echo bookworm amd64 linux-image-cloud-amd64 btrfs-progs ;;
    systemd-boot) echo trixie amd64 linux-image-cloud-amd64 systemd systemd-boot dosfstools e2fsprogs ;;
    extlinux) echo bookworm amd64 linux-image-cloud-amd64 u-boot-menu e2fsprogs ;;
    esac
}
