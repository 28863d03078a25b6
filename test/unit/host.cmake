foreach(part command janitor janitor_message lvm lvm_name lvm_report mac nat netlink owner passt ports subnet)
	mote_unit_test(host_${part} SOURCES host_${part}_test.c host_support.c LINKS vmm_host)
endforeach()
mote_unit_test(host_volumes SOURCES host_volumes_test.c host_support.c LINKS vmm_lib)
