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

struct mote_disk {
	const char *path; /* raw file or block device */
	bool read_only;
	const char *serial; /* 1 to 20 printable ASCII characters other than space, NULL: none */
	enum mote_cache cache;
	enum mote_engine engine;
	unsigned int queues; /* 1 .. 16; 0: one per vCPU, at most 4 */
	bool no_discard;
};

enum mote_console {
	MOTE_CONSOLE_SERIAL, /* a 16550, ttyS0 */
	MOTE_CONSOLE_HVC, /* virtio-console, hvc0 */
	MOTE_CONSOLE_NONE,
};

struct mote_config {
	const char *name; /* 1 to 63 of A-Z a-z 0-9 . _ -, not beginning with . or -; NULL: "mote-PID" */
	const char *kernel; /* bzImage or ELF */
	const char *initrd; /* NULL: none */
	const char *command_line; /* NULL: empty. "console=..." is added if it names no console and there is one */
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

/* Presses the power button: a guest with ACPI shuts down. Any thread, and async-signal-safe. */
void mote_vm_power_button(struct mote_vm *vm);

/* Ends the VM at once, as pulling the plug does; what was flushed stays. Any thread, and async-signal-safe. */
void mote_vm_stop(struct mote_vm *vm);

void mote_vm_destroy(struct mote_vm *vm);

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

#ifdef __cplusplus
}
#endif

#endif
