# The fakes define the functions of the loop (and disk, stream) themselves: the linker takes none of the real ones.
mote_unit_test(virtio_cursor SOURCES virtio_cursor_test.c LINKS virtio_core)
mote_unit_test(virtq SOURCES virtq_test.c virtio_driver.c LINKS virtio_core)
mote_unit_test(virtq_model SOURCES virtq_model_test.c virtio_driver.c LINKS virtio_core)
mote_unit_test(virtio_queue
	SOURCES virtio_queue_test.c virtio_driver.c virtio_fake_loop.c virtio_fake_transport.c
	LINKS virtio_core)
