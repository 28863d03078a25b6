mote_unit_test(legacy SOURCES legacy_test.c LINKS devices)
mote_unit_test(msix SOURCES msix_test.c stub_kvm.c LINKS devices)
mote_unit_test(pci_root SOURCES pci_root_test.c stub_kvm.c LINKS devices)
mote_unit_test(uart16550 SOURCES uart16550_test.c stub_stream.c LINKS devices)
