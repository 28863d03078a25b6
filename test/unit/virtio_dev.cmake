set(VIRTIO_BLK_FIXTURE
	virtio_blk_fixture.c virtio_driver.c virtio_fake_loop.c virtio_fake_block.c virtio_fake_transport.c
	fake_timer.c)
mote_unit_test(virtio_blk SOURCES virtio_blk_test.c ${VIRTIO_BLK_FIXTURE} LINKS virtio_dev)
mote_unit_test(virtio_blk_rules SOURCES virtio_blk_rules_test.c ${VIRTIO_BLK_FIXTURE} LINKS virtio_dev)
mote_unit_test(virtio_blk_trouble SOURCES virtio_blk_trouble_test.c ${VIRTIO_BLK_FIXTURE} LINKS virtio_dev)
foreach(part merge merge_trouble parts)
	mote_unit_test(virtio_blk_${part}
		SOURCES virtio_blk_${part}_test.c virtio_blk_rows.c ${VIRTIO_BLK_FIXTURE}
		LINKS virtio_dev)
endforeach()
mote_unit_test(virtio_blk_change SOURCES virtio_blk_change_test.c ${VIRTIO_BLK_FIXTURE} LINKS virtio_dev)
mote_unit_test(virtio_console
	SOURCES virtio_console_test.c virtio_driver.c virtio_fake_loop.c virtio_fake_stream.c virtio_fake_transport.c
	LINKS virtio_dev)
mote_unit_test(virtio_rng
	SOURCES virtio_rng_test.c virtio_driver.c virtio_fake_loop.c virtio_fake_transport.c
	LINKS virtio_dev)
mote_unit_test(virtio_blk_stack SOURCES virtio_blk_stack_test.c virtio_driver.c LINKS virtio_dev)
set(VIRTIO_NET_FIXTURE
	virtio_net_fixture.c virtio_fake_net.c virtio_driver.c virtio_fake_loop.c virtio_fake_transport.c fake_timer.c)
mote_unit_test(virtio_net_rx_ahead SOURCES virtio_net_rx_ahead_test.c LINKS virtio_dev)
foreach(part rx tx control)
	mote_unit_test(virtio_net_${part} SOURCES virtio_net_${part}_test.c ${VIRTIO_NET_FIXTURE} LINKS virtio_dev)
endforeach()
