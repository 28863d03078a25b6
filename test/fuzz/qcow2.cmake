mote_fuzz_target(qcow2 SOURCES fuzz_qcow2.c ../unit/qcow2_tiny.c LINKS virtio_backend)
