mote_fuzz_target(loader_call SOURCES fuzz_loader_call.c LINKS vmm_machine)
