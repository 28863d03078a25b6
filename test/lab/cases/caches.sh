# A raw file as a disk, with cache=writeback and cache=direct
mkfs.ext4 -q /dev/lab/disk1
mkdir -p "$WORK/fs"
mount /dev/lab/disk1 "$WORK/fs"
trap 'umount "$WORK/fs"' EXIT
for cache in writeback direct; do
    truncate -s 64M "$WORK/fs/$cache"
    vm 60 "$cache" "${CLOUD[@]}" --append 'quiet mote.init=disk-io' --disk "$WORK/fs/$cache,cache=$cache"
    expect_passed disk-io
    expect_end 'powered off'
    [ "$(head -c 1M "$WORK/fs/$cache" | tr -d '\0' | wc -c)" -gt 900000 ] || fail 'the file is empty'
done
