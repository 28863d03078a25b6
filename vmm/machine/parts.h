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
#include "virtio/dev/blk.h"
#include "virtio/dev/net.h"
#include "virtio/transport/pci.h"
#include "vmm/boot/boot.h"
#include "vmm/core/bus.h"
#include "vmm/core/irq.h"
#include "vmm/core/kvm.h"
#include "vmm/core/loop.h"
#include "vmm/core/loop_timer.h"
#include "vmm/core/memory.h"
#include "vmm/core/stream.h"
#include "vmm/core/vcpu.h"
#include "vmm/host/nic.h"
#include "vmm/machine/machine.h"

/* "/dev/VG/LV" or what device-mapper makes of it, with room for the longest names and doubled hyphens. */
#define MACHINE_VOLUME_PATH_BYTES 544

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
	gpa_t rsdp; /* the tables' root */
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
	char path[MACHINE_VOLUME_PATH_BYTES]; /* of a logical volume, from machine_volumes_init(); else empty */
	struct machine *machine;
	unsigned int index;
	dev_t device_number; /* of the block device; 0: it is none */
	struct block *block;
	struct loop *loop;
	bool running; /* the loop's thread was started */
	struct virtio_device *device;
	struct virtio_pci *pci;
};

/* vmm/machine/nets.c: a network interface, the threads of its queue pairs, its device and its PCI function. */
struct machine_net_part {
	unsigned int index;
	struct nic_request request; /* to open it once more, see revival */
	char name[IFNAMSIZ]; /* the request's */
	struct nic nic; /* without the descriptors, which are the backend's */
	struct net_backend *backend;
	unsigned int nr_loops; /* one a queue pair */
	struct loop *loops[NIC_MAX_PAIRS];
	unsigned int nr_running; /* threads */
	struct virtio_device *device;
	struct virtio_pci *pci;
	/* vmm/machine/net_revival.c: on the first loop. */
	struct {
		struct loop_timer timer; /* set while the other end is gone */
		uint64_t delay_ns; /* until the next look */
		uint64_t revived_ns; /* when it worked last */
	} revival;
};

/* vmm/machine/growth.c: on the control loop. */
struct machine_growth {
	struct loop_event asked; /* signalled by machine_refresh() */
	struct loop_poll uevents; /* the kernel's messages about devices; no descriptor where they are refused */
};

/* vmm/machine/pause.c */
struct machine_pause {
	_Atomic unsigned int nr_troubled; /* disks that hold failed requests; counted by their threads */
	struct loop_post changed; /* to the control loop */
	bool paused; /* the vCPUs are; the control thread's */
};

/* vmm/machine/firmware.c: the loader in the guest, until it has started a kernel. */
struct machine_firmware;

struct host_janitor;

struct machine {
	struct host_janitor *janitor; /* NULL: there is nothing to undo */
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
	unsigned int nr_nets;
	struct machine_net_part nets[MACHINE_MAX_NETS];
	struct machine_growth growth;
	struct machine_pause pause;
	struct machine_cpus cpus;
	_Atomic(struct machine_firmware *) firmware; /* NULL: a kernel was named */
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

/* vmm/machine/janitor.c: starts the janitor if the configuration has anything that it is needed for. Before there is a
 * thread or a descriptor that it would inherit. 0 or a negative errno, logged. */
__attribute__((warn_unused_result)) int machine_janitor_init(struct machine *machine,
							     const struct machine_config *config);
/* Nothing that a guest does to this process from here on makes the janitor run programs of its choice. */
__attribute__((warn_unused_result)) int machine_janitor_seal(struct machine *machine);
/* Has everything undone. The disks and network interfaces are closed. 0, or a negative errno, logged, if anything is
 * left. */
int machine_janitor_fini(struct machine *machine);

/* vmm/machine/volumes.c: finds the logical volumes that the configuration names, makes the snapshots, and sets
 * machine->disks[i].path for each disk that has an lvm_name. Before the disks are opened. 0 or a negative errno,
 * logged.
 */
__attribute__((warn_unused_result)) int machine_volumes_init(struct machine *machine,
							     const struct machine_config *config);

__attribute__((warn_unused_result)) int machine_disks_init(struct machine *machine,
							   const struct machine_config *config);
/* Starts the disks' threads. 0 or a negative errno, logged. */
__attribute__((warn_unused_result)) int machine_disks_start(struct machine *machine);
void machine_disks_fini(struct machine *machine);

__attribute__((warn_unused_result)) int machine_nets_init(struct machine *machine, const struct machine_config *config);
/* Starts the network interfaces' threads. 0 or a negative errno, logged. */
__attribute__((warn_unused_result)) int machine_nets_start(struct machine *machine);
void machine_nets_fini(struct machine *machine);

/* What a network interface's backend tells; the argument is its machine_net_part. */
extern const struct net_owner_ops machine_net_owner;
/* The loops exist, and none runs. */
__attribute__((warn_unused_result)) int machine_net_revival_init(struct machine_net_part *net);
void machine_net_revival_fini(struct machine_net_part *net);

/* Waits for reasons to look whether the disks have grown. 0 or a negative errno, logged. */
__attribute__((warn_unused_result)) int machine_growth_init(struct machine *machine);
void machine_growth_fini(struct machine *machine);

/* What a disk with error=pause tells its trouble to; the argument is its machine_disk_part. */
extern const struct blk_trouble_ops machine_pause_on_trouble;
void machine_pause_init(struct machine *machine);
/* Whether a disk's trouble has paused the machine, or is about to. Any thread, and async-signal-safe. */
bool machine_is_troubled(struct machine *machine);

__attribute__((warn_unused_result)) int machine_cpus_init(struct machine *machine, const struct machine_config *config);
/* The first vCPU will start at `entry`. */
__attribute__((warn_unused_result)) int machine_cpus_enter(struct machine *machine, const struct boot_entry *entry);
__attribute__((warn_unused_result)) int machine_cpus_start(struct machine *machine);
void machine_cpus_stop(struct machine *machine);
/* Takes all vCPUs out of the guest, and lets them back in. */
void machine_cpus_pause(struct machine *machine);
void machine_cpus_resume(struct machine *machine);
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
/* What all boots of this machine have in common; `map` lives as long as the request. */
struct boot_request machine_boot_request(struct machine *machine, gpa_t rsdp, struct boot_e820 map[BOOT_E820_MAX]);
/* "ttyS0", or NULL for none. */
const char *machine_console_device(enum machine_console console);

/* Unpacks the loader into guest memory. 0 or a negative errno, logged. Any thread. */
__attribute__((warn_unused_result)) int machine_unpack_firmware(struct machine *machine);
/* Tells the loader what it needs to know, and answers it. After machine_prepare_join(), whose entry it sets; nothing to
 * do if the configuration names a kernel. 0 or a negative errno, logged. */
__attribute__((warn_unused_result)) int machine_firmware_init(struct machine *machine,
							      const struct machine_config *config);
/* Whether the loader runs: no kernel has been started yet. Any thread, and async-signal-safe. */
bool machine_firmware_runs(struct machine *machine);
void machine_firmware_fini(struct machine *machine);

#endif
