# The kernel cache: used, absent, not writable, damaged: the guest boots the same
boot() {
    vm 60 "$1" "${CLOUD[@]}" "${@:2}" --append 'quiet mote.init=poweroff'
    expect_console '^mote-init: running'
    expect_end 'powered off'
}
export XDG_CACHE_HOME=$WORK/cache
boot cold
boot warm
boot not-used --no-cache
if [ "$STAND_IN" != 1 ]; then
    entries=$(find "$XDG_CACHE_HOME" -type f -size +1M)
    [ -n "$entries" ] || fail 'no entry in the cache'
    for entry in $entries; do truncate -s 1M "$entry"; done
    boot truncated
    for entry in $entries; do : >"$entry"; done
    boot emptied
fi
mkdir "$WORK/small"
mount -t tmpfs -o size=4M small "$WORK/small"
XDG_CACHE_HOME=$WORK/small boot full
umount "$WORK/small"
XDG_CACHE_HOME=/proc/nowhere boot not-writable
