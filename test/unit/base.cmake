mote_unit_test(base SOURCES base_test.c LINKS vmm_base)
