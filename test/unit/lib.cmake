mote_unit_test(lib_config SOURCES lib_config_test.c LINKS vmm_lib)
mote_unit_test(lib_config_net SOURCES lib_config_net_test.c LINKS vmm_lib)
mote_unit_test(lib_doctor SOURCES lib_doctor_test.c LINKS vmm_lib)
mote_unit_test(lib_log SOURCES lib_log_test.c LINKS vmm_lib)
