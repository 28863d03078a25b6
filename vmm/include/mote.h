/* libmote: virtual machines on Linux KVM.
 *
 * One struct mote_config in, one VM out. All strings are copied by mote_vm_create(). Functions return 0 or a negative
 * errno; why something failed is one line sent to the log callback, saying what was asked, what was found and what to
 * do. Unless it says otherwise a function is called by one thread at a time for one VM.
 *
 * The library's own threads block every signal but SIGUSR1, which it uses between them. */
#ifndef MOTE_H
#define MOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MOTE_MAX_DISKS 24
#define MOTE_MAX_CPUS 64
#define MOTE_MAX_NETS 8

/* The version of the library, such as "0.1.0". */
const char *mote_version(void);

/* How the virtual machine ended. */
enum mote_outcome {
	MOTE_POWERED_OFF, /* the guest switched itself off (ACPI S5) */
	MOTE_REBOOTED, /* the guest asked for a reset, or triple-faulted */
	MOTE_PANICKED, /* the guest's kernel reported a panic */
	MOTE_STOPPED, /* mote_vm_stop() or the console's escape key */
	MOTE_FAILED, /* the VMM could not go on; the log says why */
};

enum mote_log_level {
	MOTE_LOG_ERROR,
	MOTE_LOG_WARN,
	MOTE_LOG_INFO,
	MOTE_LOG_DEBUG,
};

/* Receives lines up to `level`, without newline, on any thread; NULL restores the default (stderr). Process-wide. Call
 * it before any VM exists. */
typedef void (*mote_log_callback)(void *arg, enum mote_log_level level, const char *line);
void mote_set_log(mote_log_callback callback, void *arg, enum mote_log_level level);

enum mote_engine {
	MOTE_ENGINE_AUTO, /* io_uring, else libaio, else threads */
	MOTE_ENGINE_IO_URING,
	MOTE_ENGINE_AIO,
	MOTE_ENGINE_THREAD,
};

enum mote_cache {
	MOTE_CACHE_AUTO, /* direct for block devices, writeback for files */
	MOTE_CACHE_DIRECT, /* O_DIRECT */
	MOTE_CACHE_WRITEBACK, /* through the host's page cache; the guest's flush is fdatasync(2) */
};

enum mote_format {
	MOTE_FORMAT_AUTO, /* qcow2 if the path ends in ".qcow2", else raw */
	MOTE_FORMAT_RAW,
	MOTE_FORMAT_QCOW2, /* version 3 */
};

/* Where the guest's writes go, if not to the disk itself. */
enum mote_overlay {
	MOTE_OVERLAY_NONE,
	MOTE_OVERLAY_TEMPORARY, /* a file without a name in $TMPDIR, gone when the VM is */
	MOTE_OVERLAY_KEEP, /* overlay_path, made if it is not there */
};

/* What becomes of a request that the host's disk fails. */
enum mote_error_policy {
	MOTE_ERROR_REPORT, /* the guest gets an I/O error */
	MOTE_ERROR_PAUSE, /* the VM is paused, and goes on when the request, tried again every second, succeeds */
};

#define MOTE_POLL_OFF (-1)
#define MOTE_MAX_POLL_US 10000

struct mote_disk {
	const char *path; /* file or block device, or "lvm:VG/LV" for a logical volume */
	bool read_only;
	enum mote_format format;
	enum mote_overlay overlay; /* anything but NONE: what `path` names never changes */
	const char *overlay_path; /* KEEP only */
	bool snapshot; /* lvm: only: of a snapshot, which is made now and removed when the VM ends, however it ends */
	uint64_t snapshot_bytes; /* room for what differs, in a snapshot that is not thin; 0: mote chooses */
	const char *serial; /* 1 to 20 printable ASCII characters other than space, NULL: none */
	enum mote_cache cache;
	enum mote_engine engine;
	unsigned int queues; /* 1 .. 16; 0: one per vCPU, at most 4 */
	bool no_discard;
	unsigned int block_bytes; /* the guest's logical blocks: 512 or 4096; 0: what the disk has */
	uint64_t bandwidth_bytes; /* of reads and writes together, a second, at most 16 GiB; 0: no limit */
	uint64_t bandwidth_burst_bytes; /* that may pass at once after a pause, at most 1 TiB; 0: what 100 ms bring */
	unsigned int iops; /* operations a second; 0: no limit */
	unsigned int iops_burst; /* 0: what 100 ms bring */
	enum mote_error_policy error;
	int poll_us; /* look for completions this long before sleeping: 1 .. MOTE_MAX_POLL_US, 0: as experience
		      * suggests, MOTE_POLL_OFF: never */
};

/* What a network interface of the guest is connected to. */
enum mote_net_kind {
	MOTE_NET_TAP, /* the tap `name`, made for the run if it does not exist, or `fds` */
	MOTE_NET_BRIDGE, /* the bridge `name`, by a tap that is made for the run */
	MOTE_NET_MACVTAP, /* the macvtap interface `name`, or one that is made for the run on the interface `name` */
	MOTE_NET_NAT, /* a network of its own with DHCP, DNS and a way out through the host. Root only */
	MOTE_NET_USER, /* the same by passt(1), without root */
};

#define MOTE_MAX_NET_QUEUES 16
#define MOTE_MAX_FORWARDS 16

/* A port of the host that leads to the guest: NAT and USER only. */
struct mote_forward {
	bool udp; /* else TCP */
	const char *address; /* of the host, numeric, with NAT an IPv4 address; NULL: all */
	uint16_t host_port;
	uint16_t guest_port;
};

/* Of one direction; zeros: no limit, and as bursts what 100 ms bring. */
struct mote_net_limits {
	uint64_t bandwidth_bytes, bandwidth_burst_bytes; /* a second, as those of a disk */
	uint64_t packets, packets_burst; /* a second */
};

struct mote_net {
	enum mote_net_kind kind;
	const char *name; /* of an interface of the host: TAP without descriptors, BRIDGE, MACVTAP; else NULL */
	unsigned int nr_fds; /* TAP: descriptors of a tap, or of a macvtap interface, one a queue pair */
	int fds[MOTE_MAX_NET_QUEUES]; /* opened with IFF_TAP, IFF_NO_PI and IFF_VNET_HDR; they stay the program's */
	const char *mac; /* "52:54:00:12:34:56"; NULL: made of the VM's name, the interface's index and the host */
	unsigned int queues; /* pairs, 1 .. MOTE_MAX_NET_QUEUES; 0: one, or one a descriptor. USER has one */
	unsigned int mtu; /* 68 .. 65535; 0: that of the interface on the host */
	bool vhost; /* the host's kernel moves the packets (/dev/vhost-net); knows no limits */
	struct mote_net_limits in; /* to the guest */
	struct mote_net_limits out; /* from the guest */
	unsigned int nr_forwards;
	struct mote_forward forwards[MOTE_MAX_FORWARDS];
};

enum mote_console {
	MOTE_CONSOLE_SERIAL, /* a 16550, ttyS0 */
	MOTE_CONSOLE_HVC, /* virtio-console, hvc0 */
	MOTE_CONSOLE_NONE,
};

struct mote_config {
	const char *name; /* 1 to 63 of A-Z a-z 0-9 . _ -, not beginning with . or -; NULL: "mote-PID" */
	const char
		*kernel; /* bzImage or ELF; NULL: that which the configuration of the boot loader on the disks names */
	const char
		*boot_entry; /* without a kernel: which entry, by its number from 0, id or title; NULL: the default */
	bool boot_menu; /* without a kernel: lists the entries on the console and asks */
	bool inspect; /* without a kernel: reports on the console what would be booted, and powers off */
	const char *initrd; /* NULL: none */
	/* NULL: empty. Without a kernel: added to that of the boot entry. "console=..." is added if it names no console
	 * and there is one. */
	const char *command_line;
	bool no_kaslr;
	bool no_cache; /* do not keep or use unpacked kernels */
	uint64_t memory_bytes; /* a multiple of 1 MiB, 16 MiB .. 1 TiB */
	unsigned int cpus; /* 1 .. MOTE_MAX_CPUS */
	enum mote_console console;
	int console_in_fd; /* -1: no input */
	int console_out_fd; /* -1: output is dropped */
	unsigned char console_escape; /* the escape key, such as 0x1d for Ctrl-]; 0: none */
	unsigned int nr_disks;
	struct mote_disk disks[MOTE_MAX_DISKS];
	unsigned int nr_nets;
	struct mote_net nets[MOTE_MAX_NETS];
};

/* Sets defaults: 512 MiB, one CPU, serial console on no descriptors. */
void mote_config_init(struct mote_config *config);

struct mote_vm;

/* Checks the configuration, opens and locks everything it names, loads the kernel. Nothing runs yet; on failure nothing
 * is left behind. -EINVAL for a bad configuration, or the errno of what was refused. */
__attribute__((warn_unused_result)) int mote_vm_create(const struct mote_config *config, struct mote_vm **out);

/* Runs the VM on the calling thread (plus one thread a vCPU and one a disk) until it ends. 0 with *outcome set, or a
 * negative errno if it could not start. Once per VM: -EALREADY the second time. */
__attribute__((warn_unused_result)) int mote_vm_run(struct mote_vm *vm, enum mote_outcome *outcome);

/* Presses the power button: a guest with ACPI shuts down. A VM that MOTE_ERROR_PAUSE has paused can't, and ends as by
 * mote_vm_stop(). Any thread, and async-signal-safe. */
void mote_vm_power_button(struct mote_vm *vm);

/* Ends the VM at once, as pulling the plug does; what was flushed stays. Any thread, and async-signal-safe. */
void mote_vm_stop(struct mote_vm *vm);

/* Looks whether the disks have grown, and tells the guest if they have. Needed for files; block devices tell by
 * themselves where the host's kernel sends its events to this process. Any thread, and async-signal-safe. */
void mote_vm_refresh(struct mote_vm *vm);

/* Takes the VM down and frees it; NULL is none. 0, or a negative errno if something that was made for it on the host,
 * such as a logical volume's snapshot, could not be removed. */
int mote_vm_destroy(struct mote_vm *vm);

/* What this host can do for mote. */
enum mote_verdict {
	MOTE_OK,
	MOTE_DEGRADED, /* mote works, slower or without a feature */
	MOTE_MISSING, /* mote can't run a VM */
};

struct mote_finding {
	enum mote_verdict verdict;
	const char *subject; /* "/dev/kvm" */
	const char *found; /* what is the case */
	const char *remedy; /* what to do, NULL if nothing need be done */
};

/* Looks at the host and reports each finding; takes up to a second. Returns the worst verdict. */
enum mote_verdict mote_doctor(void (*report)(void *arg, const struct mote_finding *finding), void *arg);

/* Removes what VMs left on this host because they were killed together with the process that cleans up after them:
 * snapshots of logical volumes, and the rules and the dnsmasq of guests' networks; those of VMs that run are left
 * alone. Reports each. Returns the worst verdict: MOTE_OK if nothing is left. */
enum mote_verdict mote_remove_leftovers(void (*report)(void *arg, const struct mote_finding *finding), void *arg);

#ifdef __cplusplus
}
#endif

#endif
