mote_unit_test(block_limit SOURCES block_limit_test.c fake_timer.c LINKS virtio_backend)
mote_unit_test(loop_timer SOURCES loop_timer_test.c loop_support.c LINKS vmm_core)
mote_unit_test(core_vcpu SOURCES core_vcpu_test.c LINKS vmm_core)
mote_unit_test(machine_uevent SOURCES machine_uevent_test.c LINKS vmm_machine)
