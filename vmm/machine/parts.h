/* The machine's insides, for the files of this folder only: what it is made of and who puts it together.
 *
 * Each part has an `_init` that logs its own failure and a `_fini` that takes a zeroed part. machine.c calls them in
 * boot order and, backwards, at the end. */
#ifndef VMM_MACHINE_PARTS_H
#define VMM_MACHINE_PARTS_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "devices/acpi_power.h"
#include "devices/i8042_reset.h"
#include "devices/pci_root.h"
#include "devices/pvpanic.h"
#include "devices/uart16550.h"
#include "virtio/core/device.h"
#include "virtio/transport/pci.h"
#include "vmm/boot/boot.h"
#include "vmm/core/bus.h"
#include "vmm/core/irq.h"
#include "vmm/core/kvm.h"
#include "vmm/core/loop.h"
#include "vmm/core/memory.h"
#include "vmm/core/stream.h"
#include "vmm/core/vcpu.h"
#include "vmm/machine/machine.h"

/* vmm/machine/cpus.c */
struct machine_cpus {
	struct vcpu_environment env;
	struct coalesced coalesced;
	unsigned int nr;
	struct vcpu *vcpus;
};

/* vmm/machine/prepare.c: the thread owns `entry`, `keep`, `rc` and all of guest memory until it is joined. */
struct kvm_cpuid2;

struct machine_prepare {
	bool running;
	pthread_t thread;
	const struct machine_config *config;
	sem_t vm_ready; /* posted when has_vm is what it will be */
	bool has_vm;
	atomic_bool cpuid_asked; /* by one of the two threads, which sets the next two and then posts the semaphore */
	struct kvm_cpuid2 *cpuid;
	int cpuid_rc;
	sem_t cpuid_ready;
	struct boot_entry entry;
	struct boot_keep *keep; /* a kernel being kept in the cache while the guest runs, or NULL */
	int rc;
};

/* vmm/machine/platform.c: what is not virtio. */
struct machine_platform {
	struct pci_root *pci;
	struct acpi_power power;
	struct pvpanic pvpanic;
	struct i8042_reset reset;
	int event_irq_fd;
};

/* vmm/machine/console.c */
struct machine_console_part {
	struct stream *stream;
	struct uart16550 *uart;
	int irq_fd; /* the UART's */
	struct virtio_device *hvc;
	struct virtio_pci *hvc_pci;
};

/* vmm/machine/disks.c: a disk, its loop's thread, its device and its PCI function. */
struct machine_disk_part {
	struct block *block;
	struct loop *loop;
	bool running; /* the loop's thread was started */
	struct virtio_device *device;
	struct virtio_pci *pci;
};

struct machine {
	struct kvm kvm;
	struct bus bus;
	struct irq_router irqs;
	struct guest_memory memory;
	struct loop *control; /* the thread of machine_run() */
	_Atomic int outcome; /* enum machine_outcome; the first that is not MACHINE_RUNNING stays */
	struct virtio_device *rng;
	struct virtio_pci *rng_pci;
	struct machine_prepare prepare;
	struct machine_platform platform;
	struct machine_console_part console;
	unsigned int nr_disks;
	struct machine_disk_part disks[MACHINE_MAX_DISKS];
	struct machine_cpus cpus;
};

/* Ends the machine; the first caller's outcome counts. Any thread, and async-signal-safe. */
void machine_end(struct machine *machine, enum machine_outcome outcome);

/* Puts a virtio device on the PCI bus. 0 or a negative errno, logged. */
__attribute__((warn_unused_result)) int machine_plug(struct machine *machine, struct virtio_device *device,
						     struct virtio_pci **out);

__attribute__((warn_unused_result)) int machine_platform_init(struct machine *machine);
void machine_platform_fini(struct machine *machine);

__attribute__((warn_unused_result)) int machine_console_init(struct machine *machine,
							     const struct machine_config *config);
/* Lets go whoever waits for the console's reader. */
void machine_console_release(struct machine *machine);
void machine_console_fini(struct machine *machine);

__attribute__((warn_unused_result)) int machine_disks_init(struct machine *machine,
							   const struct machine_config *config);
/* Starts the disks' threads. 0 or a negative errno, logged. */
__attribute__((warn_unused_result)) int machine_disks_start(struct machine *machine);
void machine_disks_fini(struct machine *machine);

__attribute__((warn_unused_result)) int machine_cpus_init(struct machine *machine, const struct machine_config *config);
/* The first vCPU will start at `entry`. */
__attribute__((warn_unused_result)) int machine_cpus_enter(struct machine *machine, const struct boot_entry *entry);
__attribute__((warn_unused_result)) int machine_cpus_start(struct machine *machine);
void machine_cpus_stop(struct machine *machine);
void machine_cpus_fini(struct machine *machine);

/* vmm/machine/tables.c: describes the machine to the guest. */
__attribute__((warn_unused_result)) int machine_write_tables(struct machine *machine,
							     const struct machine_config *config, gpa_t *rsdp);

/* Begins to write the tables and to load the kernel. There is guest memory, and need not be a VM. */
__attribute__((warn_unused_result)) int machine_prepare_start(struct machine *machine,
							      const struct machine_config *config);
/* There is a VM now, which the thread may ask. */
void machine_prepare_vm(struct machine *machine);
/* The host's CPUID, which stays the part's. 0 or a negative errno, logged. Once. */
__attribute__((warn_unused_result)) int machine_prepare_cpuid(struct machine *machine, struct kvm_cpuid2 **cpuid);
/* Waits for the rest: 0 with machine->prepare.entry set, or a negative errno, logged. 0 if it never started. */
__attribute__((warn_unused_result)) int machine_prepare_join(struct machine *machine);
/* After machine_prepare_join(): waits until the kernel is in the cache. */
void machine_prepare_fini(struct machine *machine);

/* vmm/machine/kernel.c: loads the kernel that the configuration names. */
__attribute__((warn_unused_result)) int machine_load_kernel(struct machine *machine,
							    const struct machine_config *config, gpa_t rsdp,
							    struct boot_entry *entry);

#endif
