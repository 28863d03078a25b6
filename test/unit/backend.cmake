foreach(part path geometry raw lock)
	mote_unit_test(block_${part} SOURCES block_${part}_test.c block_support.c loop_support.c LINKS virtio_backend)
endforeach()
