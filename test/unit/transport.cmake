mote_unit_test(transport_pci SOURCES transport_pci_test.c transport_support.c stub_kvm.c LINKS virtio_transport)
mote_unit_test(transport_traffic SOURCES transport_traffic_test.c transport_support.c stub_kvm.c LINKS virtio_transport)
