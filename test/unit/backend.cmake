foreach(part path geometry raw lock walk overlay)
	mote_unit_test(block_${part}
		SOURCES block_${part}_test.c block_support.c block_torture.c loop_support.c
		LINKS virtio_backend)
endforeach()
mote_unit_test(overlay_header SOURCES overlay_header_test.c LINKS virtio_backend)
mote_unit_test(overlay_bitmap SOURCES overlay_bitmap_test.c LINKS virtio_backend)
mote_unit_test(net_stream SOURCES net_stream_test.c loop_support.c LINKS virtio_backend)
mote_unit_test(net_link SOURCES net_link_test.c LINKS virtio_backend)
# A function of the backend's is the test's own here, so the layer is not linked: only the file that is tested, and what
# it falls back to.
mote_unit_test(net_tap_frames
	SOURCES net_tap_frames_test.c ../../virtio/backend/net_tap_frames.c ../../virtio/backend/net.c
	LINKS vmm_core)
mote_unit_test(vhost_net SOURCES vhost_net_test.c virtio_driver.c LINKS virtio_backend)
