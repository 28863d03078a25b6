#!/bin/bash
# images.sh WHAT... - make sure that the lab's images exist and print the folder of each, in order.
# WHAT is host, guest, distros (a folder each), or kernel:NAME with a NAME from packages.sh. Everything is made once and kept
# under ${MOTE_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mote-lab}, by content: a change to a package
# list, a kernel's version or a script here makes a new entry.
# Run as root on Debian 12 with apt access (for the first time).

# shellcheck source-path=SCRIPTDIR disable=SC2153
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=packages.sh
. "$here/packages.sh"
# shellcheck source=cache.sh
. "$here/cache.sh"
[ $# -ge 1 ] || { sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"; exit 2; }

# shellcheck disable=SC2016 # dpkg's own variables
mapfile -t missing < <(comm -23 <(printf '%s\n' "${LAB_NEEDS[@]}" | sort) \
    <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${LAB_NEEDS[@]}" 2>/dev/null |
        sed -n 's/ installed$//p' | sort))
if [ ${#missing[@]} -gt 0 ]; then
    echo "lab: missing packages; run: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 125
fi
[ "$(id -u)" = 0 ] || { echo 'lab: must run as root: it unpacks Debian systems' >&2; exit 125; }

# kernel_package NAME: sets package and version. Asking apt takes a second, so the answer is kept for as
# long as apt's lists stay as they are.
kernel_package() {
    local known
    known=$LAB_CACHE/.kernel-$1-$(cache_key "$(stat -c %y /var/lib/apt/lists)" "@$here/packages.sh")
    if [ ! -s "$known" ]; then
        apt-cache show linux-image-cloud-amd64 >/dev/null 2>&1 ||
            { echo 'lab: apt has no package lists yet: updating them' >&2
              apt-get -qq -o DPkg::Lock::Timeout=300 update >&2; }
        package=$(lab_kernel_package "$1")
        version=$(lab_package_version "$package")
        mkdir -p "$LAB_CACHE"
        rm -f "$LAB_CACHE/.kernel-$1"-*
        echo "$package $version" >"$known.$$"
        mv "$known.$$" "$known"
    fi
    read -r package version <"$known"
}

kernel() {
    local package version
    kernel_package "$1"
    cache_entry "kernel-$1" "$(cache_key "$package" "$version" "${GUEST_MODULES[*]}" "@$here/build-kernel.sh")" \
        "$here/build-kernel.sh" "$package" "$version"
}

host() {
    local root kernel
    root=$(cache_entry host-root "$(cache_key "${HOST_PACKAGES[*]}" "@$here/build-host-root.sh")" \
        "$here/build-host-root.sh")
    kernel=$(kernel 6.1-cloud)
    cache_entry host "$(cache_key "${root##*/}" "${kernel##*/}" "@$here/build-host.sh" "@$here/build-tools.sh" \
        "@$here/host-init.sh" "@$here/host-initrd-init.sh" "@$here/host-pulse.py")" "$here/build-host.sh" "$root" "$kernel"
}

guest() {
    local root package version name entry ids="" kernels=()
    kernel_package 6.1-cloud
    root=$(cache_entry guest-root "$(cache_key "$package" "$version" "${GUEST_PACKAGES[*]}" \
        "@$here/build-guest-root.sh")" "$here/build-guest-root.sh" "$package" "$version")
    for name in "${KERNELS[@]}"; do
        entry=$(kernel "$name")
        kernels+=("$name=$entry")
        ids+=" ${entry##*/}"
    done
    cache_entry guest "$(cache_key "${root##*/}" "$ids" "@$here/guest" "@$here/guest-initrd.sh" \
        "@$here/trim-guest.sh" "@$here/build-guest.sh")" "$here/build-guest.sh" "$root" "${kernels[@]}"
}

distros() {
    local name system root
    for name in "${DISTROS[@]}"; do
        read -ra system < <(lab_distro "$name")
        root=$(cache_entry "distro-root-$name" "$(cache_key "${DISTRO_PACKAGES[*]}" "${system[*]}" \
            "@$here/build-distro-root.sh")" "$here/build-distro-root.sh" "${system[@]}")
        cache_entry "distro-$name" "$(cache_key "${root##*/}" "@$here/build-distro.sh" "@$here/distros-in-lab.sh" \
            "@$here/distros-init.sh")" "$here/build-distro.sh" "$name" "$root"
    done
}

shopt -s inherit_errexit
for what in "$@"; do
    case $what in
    host) host ;;
    guest) guest ;;
    distros) distros ;;
    kernel:*) kernel "${what#kernel:}" ;;
    *) echo "lab: images.sh: '$what' is not host, guest, distros or kernel:NAME" >&2; exit 2 ;;
    esac
done
