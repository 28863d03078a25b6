#!/bin/bash
# build-kernel.sh PACKAGE VERSION OUT - fetch one Debian kernel package through apt (which verifies
# it) and take from it:
#   OUT/image.deb   the package itself
#   OUT/release     the kernel's release, as uname -r says it
#   OUT/vmlinuz     the bzImage as shipped
#   OUT/vmlinux     the ELF unpacked from it, for VMMs that start at the PVH entry
#   OUT/modules     /lib/modules of what guests need, dependencies included, uncompressed
#   OUT/load-order  those modules in an order that insmod accepts
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=packages.sh
. "$here/packages.sh"
package=$1 version=$2 out=$3

echo "  fetching $package $version"
(cd "$out" && apt-get -qq -o APT::Sandbox::User=root download "$package=$version" && mv ./*.deb image.deb)
mkdir "$out/tree"
dpkg -x "$out/image.deb" "$out/tree"
release=$(basename "$out"/tree/lib/modules/*)
echo "$release" >"$out/release"
cp "$out/tree/boot/vmlinuz-$release" "$out/vmlinuz"

echo "  unpacking the ELF inside vmlinuz"
field() { od -An -v -j "$2" -N "$3" -t "u$3" "$out/vmlinuz" | tr -d ' '; }   # name, offset, bytes
setup_sects=$(field setup_sects 0x1f1 1)
offset=$(( (setup_sects + 1) * 512 + $(field payload_offset 0x248 4) ))
length=$(field payload_length 0x24c 4)
payload() {
    dd if="$out/vmlinuz" bs=1M iflag=skip_bytes,count_bytes skip="$offset" count="$1" status=none
}
# All but gzip carry the unpacked size in four bytes after the compressed data.
case $(payload 4 | od -An -tx1 | tr -d ' ') in
02214c18) payload $((length - 4)) | lz4 -dc >"$out/vmlinux" ;;
28b52ffd) payload $((length - 4)) | zstd -dc >"$out/vmlinux" ;;
fd377a58) payload $((length - 4)) | xz -dc --single-stream >"$out/vmlinux" ;;
1f8b*)    payload "$length" | gzip -dc >"$out/vmlinux" ;;
*) echo "lab: $package: unknown compression of the kernel's payload" >&2; exit 1 ;;
esac

echo "  choosing modules"
find "$out/tree/lib/modules" -name '*.ko.xz' -exec xz -d {} +
depmod -b "$out/tree" "$release"
for module in "${GUEST_MODULES[@]}"; do
    # Built-in modules print "builtin NAME"; modules this kernel does not have are left out.
    modprobe -d "$out/tree" -S "$release" --show-depends "$module" 2>/dev/null |
        sed -n 's/^insmod \([^ ]*\).*/\1/p' || true
done | awk '!seen[$0]++' | sed "s|^$out/tree/*||" >"$out/load-order"
(cd "$out/tree" && xargs -a "$out/load-order" cp --parents -t "$out")
mkdir -p "$out/modules"
mv "$out/lib" "$out/modules/lib"
cp "$out/tree/lib/modules/$release"/modules.{builtin,builtin.modinfo,order} \
    "$out/modules/lib/modules/$release/"
depmod -b "$out/modules" "$release"
rm -rf "$out/tree"
