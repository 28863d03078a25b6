# fio --verify: logical volumes with each engine, a file cached and not, a loop device; the host finds what the guest read
for name in io_uring aio thread; do fresh_disk "$CASE.$name" 64M; done
for name in cached direct loop; do truncate -s 64M "$FILES/$name"; done
loop=$(losetup --find --show "$FILES/loop")
trap 'losetup -d "$loop"' EXIT
small_guest 180 vm fio-verify "/dev/mote/$CASE.io_uring,serial=io_uring,engine=io_uring" "/dev/mote/$CASE.aio,serial=aio,engine=aio" \
    "/dev/mote/$CASE.thread,serial=thread,engine=thread" "$FILES/cached,serial=cached,cache=writeback" \
    "$FILES/direct,serial=direct,cache=direct" "$loop,serial=loop"
expect_fact 'fio jobs=18$'
for name in io_uring aio thread; do expect_message "$CASE.$name .*engine (lib)?$name"; done
expect_sum() { [ "$(fact "sum $1")" = "$(head -c 3M "$2" | md5sum | cut -d' ' -f1)" ] || fail "$2 is not what the guest read"; }
for name in io_uring aio thread; do expect_sum "$name" "/dev/mote/$CASE.$name"; done
for name in cached direct; do expect_sum "$name" "$FILES/$name"; done
expect_sum loop "$loop"
