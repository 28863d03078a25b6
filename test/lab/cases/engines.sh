# Each disk engine in turn: what is written is read back, and is on the volume
for engine in io_uring aio thread; do
    fresh_disk "data-$engine" 64M
    vm 60 "$engine" "${CLOUD[@]}" --append 'quiet mote.init=disk-io' --disk "/dev/mote/data-$engine,engine=$engine"
    expect_passed disk-io
    expect_end 'powered off'
    expect_message "vda.*engine (lib)?$engine"
    [ "$(head -c 1M "/dev/mote/data-$engine" | tr -d '\0' | wc -c)" -gt 900000 ] || fail 'the volume is empty'
done
