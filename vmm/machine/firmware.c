/* The loader in the guest (firmware/abi/loader.h): placed before the first vCPU starts, answered while it runs, and
 * gone when the vCPU goes on in the kernel that it has found. */
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/abi/image.h"
#include "vmm/arch/x86_64/layout.h"
#include "vmm/base/log.h"
#include "vmm/boot/firmware.h"
#include "vmm/machine/command_line.h"
#include "vmm/machine/firmware_keys.h"
#include "vmm/machine/loader_call.h"
#include "vmm/machine/parts.h"

/* Lines of the loader's that are passed on: what a hostile disk makes it say must end. */
#define MAX_LINES 500

/* What a loader touches of its arena, and hardly any kernel's file is smaller than. */
#define ARENA_USUAL_BYTES (3 * LAYOUT_MIB)
#define KERNEL_USUAL_BYTES (8 * LAYOUT_MIB)

/* Its fields are those of the first vCPU's thread from machine_run() on, under the bus's lock. */
struct machine_firmware {
	struct machine *machine;
	struct bus_range doorbell;
	pthread_mutex_t lock;
	atomic_bool runs; /* until a kernel was started; read by any thread */
	struct firmware_keys keys;
	struct boot_kernel *taken; /* NULL: none yet */
	char name[LOADER_NAME_MAX + 1]; /* of the kernel that was taken, for messages */
	unsigned int nr_lines;
	bool verbose;
	bool inspect;
	/* Of the configuration, for the kernel that will be started. */
	enum machine_console console;
	bool kaslr;
	bool use_cache;
};

static const atomic_bool *stop_of(const struct machine_firmware *firmware)
{
	return &firmware->machine->cpus.vcpus[0].stop;
}

/* Passes on what the loader says, line by line. */
static void log_lines(struct machine_firmware *firmware, enum log_level level, const char *text)
{
	while (*text && firmware->nr_lines < MAX_LINES) {
		int len = (int)strcspn(text, "\n");

		log_message(level, "%.*s", len, text);
		firmware->nr_lines++;
		text += len;
		text += *text == '\n';
	}
}

static int say(void *arg, enum loader_to to, const char *text, size_t len)
{
	struct machine_firmware *firmware = arg;
	struct stream *stream = firmware->machine->console.stream;

	if (to == LOADER_TO_LOG)
		log_lines(firmware, firmware->verbose ? LOG_INFO : LOG_WARN, text);
	else if (to == LOADER_TO_REPORT && !firmware->inspect)
		return -EINVAL;
	else if (stream)
		stream_write(stream, text, len);
	return 0;
}

static int key(void *arg, uint32_t timeout_ms)
{
	struct machine_firmware *firmware = arg;
	int rc = firmware_keys_wait(&firmware->keys, timeout_ms, stop_of(firmware));

	return rc < 0 ? LOADER_NO_KEY : rc;
}

static int unpack(void *arg, const struct unpack_request *request)
{
	struct machine_firmware *firmware = arg;

	return unpack_in_guest(&firmware->machine->memory, request, stop_of(firmware));
}

/* The loader is done: nothing of it is left but this object, which machine_firmware_fini() frees. */
static void retire(struct machine_firmware *firmware)
{
	atomic_store(&firmware->runs, false);
	bus_remove(&firmware->machine->bus, BUS_MMIO, &firmware->doorbell);
	firmware_keys_fini(&firmware->keys);
	boot_kernel_free(firmware->taken);
	firmware->taken = NULL;
}

/* The first vCPU, whose thread this is, leaves the loader for the kernel. */
static int enter(struct machine_firmware *firmware, const struct boot_entry *entry)
{
	int rc = vcpu_complete_exit(&firmware->machine->cpus.vcpus[0]);

	if (rc < 0)
		log_error("KVM did not end the boot loader's last instruction: %s", strerror(-rc));
	else
		rc = machine_cpus_enter(firmware->machine, entry);
	if (rc == 0)
		retire(firmware);
	return rc;
}

/* What is the same for both steps of a boot. */
static struct boot_request boot_request(struct machine_firmware *firmware, struct boot_loaded *loaded,
					struct boot_e820 map[BOOT_E820_MAX])
{
	struct machine *machine = firmware->machine;
	struct boot_request request = machine_boot_request(machine, machine->prepare.rsdp, map);

	request.loaded = loaded;
	request.kernel_path = request.initrd_path = firmware->name;
	request.kaslr = firmware->kaslr;
	request.use_cache = firmware->use_cache;
	return request;
}

static int take_kernel(void *arg, const struct loader_kernel *kernel)
{
	struct machine_firmware *firmware = arg;
	struct boot_loaded loaded = {
		.kernel = kernel->base,
		.kernel_bytes = kernel->size_bytes,
		.cancel = stop_of(firmware),
	};
	struct boot_e820 map[BOOT_E820_MAX];
	const struct boot_request request = boot_request(firmware, &loaded, map);

	if (firmware->inspect)
		return -EINVAL;
	boot_kernel_free(firmware->taken);
	firmware->taken = NULL;
	memcpy(firmware->name, kernel->name, sizeof(firmware->name));
	return boot_take(&request, &firmware->taken);
}

static int start(void *arg, const struct loader_start *start)
{
	struct machine_firmware *firmware = arg;
	struct boot_loaded loaded = {
		.taken = firmware->taken,
		.initrd = start->initrd,
		.initrd_bytes = start->initrd_bytes,
	};
	struct boot_e820 map[BOOT_E820_MAX];
	struct boot_request request = boot_request(firmware, &loaded, map);
	struct boot_entry entry;
	char *command_line;
	int rc;

	if (!firmware->taken)
		return -EINVAL;
	rc = command_line_build(start->command_line, machine_console_device(firmware->console), &command_line);
	if (rc < 0)
		return rc;
	request.command_line = command_line;
	rc = boot_load(&request, &entry, &firmware->machine->prepare.keep);
	free(command_line);
	if (rc == 0)
		rc = enter(firmware, &entry);
	/* There is no loader to go back to. */
	if (rc < 0 && loaded.memory_is_lost)
		machine_end(firmware->machine, MACHINE_FAILED);
	return rc;
}

static void fail(void *arg, const char *text)
{
	struct machine_firmware *firmware = arg;

	log_lines(firmware, LOG_ERROR, *text ? text : "the boot loader gave up without a word");
	machine_end(firmware->machine, MACHINE_FAILED);
}

static void done(void *arg)
{
	struct machine_firmware *firmware = arg;

	machine_end(firmware->machine, MACHINE_POWERED_OFF);
}

static const struct loader_ops ops = {
	.say = say,
	.key = key,
	.unpack = unpack,
	.kernel = take_kernel,
	.start = start,
	.fail = fail,
	.done = done,
};

static uint64_t doorbell_read(void *owner, uint64_t offset, unsigned int size)
{
	(void)owner;
	(void)offset;
	(void)size;
	return 0;
}

static void doorbell_write(void *owner, uint64_t offset, unsigned int size, uint64_t value)
{
	struct machine_firmware *firmware = owner;
	const struct vcpu *vcpu = vcpu_current();

	(void)offset;
	/* Only the loader's own vCPU can be sent elsewhere. */
	if (size == sizeof(uint32_t) && vcpu && vcpu->id == 0 && atomic_load(&firmware->runs))
		loader_call_serve(&firmware->machine->memory, value, &ops, firmware);
}

static const struct bus_ops doorbell_ops = { .read = doorbell_read, .write = doorbell_write };

/* A key reaches the loader if somebody sits there; what a script writes is for the guest. */
static bool has_user(const struct machine_config *config)
{
	return config->console != MACHINE_CONSOLE_NONE && config->console_in_fd >= 0 &&
	       (config->console_escape != STREAM_ESCAPE_NONE || config->boot_menu);
}

static uint32_t flags_of(const struct machine_firmware *firmware, const struct machine_config *config)
{
	uint32_t flags = 0;

	if (config->inspect)
		flags |= LOADER_INSPECT;
	if (config->boot_menu)
		flags |= LOADER_MENU;
	if (firmware->verbose)
		flags |= LOADER_VERBOSE;
	if (has_user(config))
		flags |= LOADER_HAS_CONSOLE;
	return flags;
}

static int place(struct machine *machine, const struct machine_firmware *firmware, const struct machine_config *config)
{
	uint64_t files_end = machine->memory.regions[0].size_bytes;
	int khz = vcpu_ioctl(&machine->cpus.vcpus[0], KVM_GET_TSC_KHZ, NULL);

	if (files_end > LAYOUT_LOADER_FILES_END)
		files_end = LAYOUT_LOADER_FILES_END;
	return firmware_place(
		&(struct firmware_request){
			.memory = &machine->memory,
			.low_base = LAYOUT_BOOT_BASE,
			.info = {
				.flags = flags_of(firmware, config),
				.doorbell = (uint32_t)LAYOUT_LOADER_DOORBELL,
				.arena = (uint32_t)LAYOUT_LOADER_ARENA,
				.arena_bytes = (uint32_t)(LAYOUT_LOADER_FILES - LAYOUT_LOADER_ARENA),
				.files = (uint32_t)LAYOUT_LOADER_FILES,
				.files_bytes = (uint32_t)(files_end - LAYOUT_LOADER_FILES),
				.ecam = (uint32_t)LAYOUT_ECAM_BASE,
				.nr_buses = (uint32_t)(LAYOUT_ECAM_SIZE / LAYOUT_MIB),
				.tsc_khz = khz > 0 ? (uint32_t)khz : 0,
			},
			.entry = config->boot_entry,
			.append = config->command_line,
		},
		&machine->prepare.entry);
}

int machine_unpack_firmware(struct machine *machine)
{
	int rc = firmware_unpack(&machine->memory, loader_image, (size_t)(loader_image_end - loader_image));

	if (rc < 0)
		return rc;
	guest_memory_populate(&machine->memory, LAYOUT_LOADER_ARENA, ARENA_USUAL_BYTES);
	guest_memory_populate(&machine->memory, LAYOUT_LOADER_FILES, KERNEL_USUAL_BYTES);
	return 0;
}

int machine_firmware_init(struct machine *machine, const struct machine_config *config)
{
	struct machine_firmware *firmware;
	int rc;

	if (config->kernel_path)
		return 0;
	firmware = calloc(1, sizeof(*firmware));
	if (!firmware)
		return -ENOMEM;
	*firmware = (struct machine_firmware){
		.machine = machine,
		.doorbell = {
			.base = LAYOUT_LOADER_DOORBELL,
			.size_bytes = sizeof(uint32_t),
			.ops = &doorbell_ops,
			.owner = firmware,
			.lock = &firmware->lock,
			.name = "loader",
		},
		.verbose = log_wants(LOG_INFO),
		.inspect = config->inspect,
		.console = config->console,
		.kaslr = config->kaslr,
		.use_cache = config->use_cache,
	};
	pthread_mutex_init(&firmware->lock, NULL);
	rc = place(machine, firmware, config);
	if (rc < 0)
		goto free_firmware;
	rc = firmware_keys_init(&firmware->keys, machine->control, has_user(config) ? machine->console.stream : NULL);
	if (rc == 0)
		rc = bus_add(&machine->bus, BUS_MMIO, &firmware->doorbell);
	if (rc < 0) {
		log_error("cannot set up the boot loader: %s", strerror(-rc));
		goto fini_keys;
	}
	atomic_store(&firmware->runs, true);
	atomic_store(&machine->firmware, firmware);
	return 0;

fini_keys:
	firmware_keys_fini(&firmware->keys);
free_firmware:
	pthread_mutex_destroy(&firmware->lock);
	free(firmware);
	return rc;
}

bool machine_firmware_runs(struct machine *machine)
{
	struct machine_firmware *firmware = atomic_load(&machine->firmware);

	return firmware && atomic_load(&firmware->runs);
}

void machine_firmware_fini(struct machine *machine)
{
	struct machine_firmware *firmware = atomic_exchange(&machine->firmware, NULL);

	if (!firmware)
		return;
	if (atomic_load(&firmware->runs))
		retire(firmware);
	pthread_mutex_destroy(&firmware->lock);
	free(firmware);
}
