foreach(part open io)
	mote_unit_test(qcow2_${part}
		SOURCES qcow2_${part}_test.c qcow2_support.c qcow2_tiny.c block_support.c loop_support.c
		LINKS virtio_backend)
endforeach()
foreach(part unpack set refcount)
	mote_unit_test(qcow2_${part} SOURCES qcow2_${part}_test.c LINKS virtio_backend)
endforeach()
