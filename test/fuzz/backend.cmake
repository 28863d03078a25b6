mote_fuzz_target(overlay SOURCES fuzz_overlay.c LINKS virtio_backend)
