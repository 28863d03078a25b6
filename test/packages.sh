# Debian packages that building and testing need, and how they are installed. Sourced, never run.
# shellcheck shell=bash

BUILD_NEEDS=(gcc libc6-dev linux-libc-dev make cmake ninja-build pkg-config
             liburing-dev libaio-dev liblz4-dev libzstd-dev liblzma-dev zlib1g-dev libmd-dev)
UNIT_NEEDS=(check)
LINT_NEEDS=(clang-format clang-tidy shellcheck mandoc)
FORMATS_NEEDS=(qemu-utils openssl python3)
KVM_NEEDS=(iproute2 procps)
CLANG_NEEDS=(clang libclang-rt-14-dev)

# packages_install PACKAGE...: installs those that are missing, and only those, and says so.
packages_install() {
    local package missing=() sudo=()
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || {
            echo "missing packages; as root: apt-get install --no-install-recommends ${missing[*]}" >&2
            return 1
        }
        sudo=(sudo)
    fi
    echo "installing ${missing[*]}"
    packages_apt install -y --no-install-recommends "${missing[@]}" ||
        { packages_apt update && packages_apt install -y --no-install-recommends "${missing[@]}"; }
}

# With the caller's `sudo`, and patience for another apt.
packages_apt() {
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Use-Pty=0 "$@" </dev/null
}
