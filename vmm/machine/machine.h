/* A validated configuration in, a wired machine out: the only room that names concrete devices. */
#ifndef VMM_MACHINE_MACHINE_H
#define VMM_MACHINE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio/backend/block.h"
#include "virtio/backend/block_limit.h"
#include "virtio/dev/net.h"
#include "vmm/host/nic.h"

#define MACHINE_MAX_DISKS 24
#define MACHINE_MAX_CPUS 64
#define MACHINE_MAX_NETS 8
#define MACHINE_SERIAL_BYTES 20

enum machine_console {
	MACHINE_CONSOLE_SERIAL,
	MACHINE_CONSOLE_HVC,
	MACHINE_CONSOLE_NONE,
};

struct machine_disk {
	struct block_options block; /* without a path if lvm_name is set */
	const char *lvm_name; /* "VG/LV", or NULL */
	bool snapshot; /* of lvm_name, for this run */
	uint64_t snapshot_bytes; /* 0: the machine chooses */
	struct block_limits limits;
	bool pause_on_error;
	int poll_us; /* -1: adaptive, 0: off, else the most */
	enum loop_engine engine;
	unsigned int nr_queues; /* at least 1 */
	char serial[MACHINE_SERIAL_BYTES + 1];
};

struct machine_net {
	struct nic_request nic; /* without VM, index and janitor, which the machine adds */
	struct net_limits in, out;
	bool vhost;
	int fds[NIC_MAX_PAIRS]; /* where nic.fds points */
};

/* Checked by vmm/lib: every number is in range, every path is set. The strings outlive machine_create() only. */
struct machine_config {
	const char *name; /* the VM's, for what is made for it on the host */
	const char *kernel_path; /* NULL: the loader finds it on the disks */
	const char *boot_entry; /* the loader: which; NULL: as the disk's configuration says */
	bool boot_menu; /* the loader: shows the entries and asks */
	bool inspect; /* the loader: reports on the console what would be started, and ends the machine */
	const char *initrd_path; /* NULL: none */
	const char *command_line; /* the loader adds it to the entry's own */
	bool kaslr;
	bool use_cache;
	uint64_t memory_bytes;
	unsigned int nr_cpus;
	enum machine_console console;
	int console_in_fd;
	int console_out_fd;
	uint8_t console_escape;
	unsigned int nr_disks;
	struct machine_disk disks[MACHINE_MAX_DISKS];
	unsigned int nr_nets;
	struct machine_net nets[MACHINE_MAX_NETS];
};

enum machine_outcome {
	MACHINE_RUNNING,
	MACHINE_POWERED_OFF,
	MACHINE_REBOOTED,
	MACHINE_PANICKED,
	MACHINE_STOPPED,
	MACHINE_FAILED,
};

struct machine;

/* Opens, allocates, loads and wires everything. On failure has logged one line, left nothing behind, and returns a
 * negative errno. Control thread. */
__attribute__((warn_unused_result)) int machine_create(const struct machine_config *config, struct machine **out);
/* Starts the vCPUs and runs the control loop until the machine ends. 0 with *outcome set, or a negative errno. */
__attribute__((warn_unused_result)) int machine_run(struct machine *machine, enum machine_outcome *outcome);
/* Ends a machine that a disk's error has paused. Any thread, async-signal-safe. */
void machine_power_button(struct machine *machine);
void machine_stop(struct machine *machine); /* any thread, async-signal-safe */
void machine_refresh(struct machine *machine); /* have disks grown? Any thread, async-signal-safe */
/* 0, or a negative errno, logged, if something that was made for this machine on the host is left. NULL: 0. */
int machine_destroy(struct machine *machine);

#endif
