foreach(part event watch mailbox io cached engine)
	mote_unit_test(loop_${part} SOURCES loop_${part}_test.c loop_support.c LINKS vmm_core)
endforeach()
mote_unit_test(stream SOURCES stream_test.c loop_support.c LINKS vmm_core)
