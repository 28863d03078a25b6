mote_fuzz_target(virtq SOURCES fuzz_virtq.c LINKS virtio_core)
mote_fuzz_target(virtio_dev
	SOURCES fuzz_virtio_dev.c virtio_input.c ../unit/virtio_driver.c ../unit/virtio_fake_loop.c ../unit/virtio_fake_block.c
		../unit/virtio_fake_stream.c ../unit/virtio_fake_transport.c ../unit/fake_timer.c
	LINKS virtio_dev)
mote_fuzz_target(net
	SOURCES fuzz_net.c virtio_input.c ../unit/virtio_driver.c ../unit/virtio_fake_loop.c ../unit/virtio_fake_net.c
		../unit/virtio_fake_transport.c ../unit/fake_timer.c
	LINKS virtio_dev)
