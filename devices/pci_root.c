#include "devices/pci_root.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "devices/pci_bars.h"
#include "devices/register_page.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/core/coalesced.h"

#define FUNCTION_BYTES 4096
#define SLOT_BYTES (8 * FUNCTION_BYTES)

/* The memfd of ones: more memory against fewer mappings, each some microseconds of a start. */
#define ONES_BYTES SLOT_BYTES

_Static_assert(PCI_NR_SLOTS *SLOT_BYTES == PCI_ECAM_BYTES, "32 slots of 8 functions are a bus");

/* The generic host bridge that QEMU's documentation reserves in Red Hat's space: no driver binds to it. */
static const struct pci_identity host_bridge_identity = {
	.vendor = 0x1b36,
	.device = 0x0008,
	.subsystem_vendor = 0x1af4,
	.subsystem = 0x1100,
	.class_code = 0x060000,
};

struct pci_root {
	pthread_mutex_t lock;
	uint8_t *ecam; /* PCI_ECAM_BYTES */
	int ecam_slot;
	struct bus_range ecam_range;
	struct pci_window window;
	unsigned int next_slot;
	struct pci_function *functions[PCI_NR_SLOTS]; /* function 0 of each */
	struct pci_function host_bridge;
};

static uint64_t ecam_read(void *owner, uint64_t offset, unsigned int size)
{
	const struct pci_root *root = owner;

	return register_page_load(root->ecam + (offset & ~(uint64_t)(FUNCTION_BYTES - 1)),
				  offset & (FUNCTION_BYTES - 1), size);
}

static bool is_decoding(unsigned int reg)
{
	return reg == PCI_COMMAND || (reg >= PCI_BASE_ADDRESS_0 && reg <= PCI_BASE_ADDRESS_5);
}

/* One configuration request: the bytes `enabled` of the aligned dword at `offset` of the window. */
static void write_dword(struct pci_root *root, uint64_t offset, uint32_t value, uint32_t enabled)
{
	struct pci_function *function = root->functions[offset / SLOT_BYTES];
	unsigned int reg = offset % SLOT_BYTES;

	if (!function || reg >= PCI_HEADER_BYTES)
		return;
	pci_function_write(function, reg, value, enabled);
	if (is_decoding(reg))
		pci_bars_settle(&root->window, root->functions, PCI_NR_SLOTS);
	else if (function->config_written)
		function->config_written(function, reg);
}

/* Requests never cross a dword, so an access that does is taken apart as a root complex takes it apart. */
static void ecam_write(void *owner, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pci_root *root = owner;

	while (size > 0) {
		unsigned int at = offset % 4;
		unsigned int nr = size < 4 - at ? size : 4 - at;
		uint32_t bytes = nr == 4 ? UINT32_MAX : (UINT32_C(1) << (8 * nr)) - 1;

		write_dword(root, offset - at, (uint32_t)value << (8 * at), bytes << (8 * at));
		offset += nr;
		size -= nr;
		value >>= 8 * nr;
	}
}

static const struct bus_ops ecam_ops = { .read = ecam_read, .write = ecam_write };

/* A memfd full of ones, mapped again and again over the window: absent functions cost no memory of their own. */
static int open_ones(void)
{
	uint8_t ones[FUNCTION_BYTES];
	struct iovec iov[ONES_BYTES / sizeof(ones)];
	ssize_t written;
	int fd;

	fd = memfd_create("pci-absent", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	memset(ones, 0xff, sizeof(ones));
	for (size_t i = 0; i < sizeof(iov) / sizeof(iov[0]); i++)
		iov[i] = (struct iovec){ .iov_base = ones, .iov_len = sizeof(ones) };
	written = writev(fd, iov, sizeof(iov) / sizeof(iov[0]));
	if (written != ONES_BYTES) {
		int rc = written < 0 ? -errno : -ENOMEM;

		fd_close(&fd);
		return rc;
	}
	return fd;
}

/* Reserves the window's host memory and maps the ones all over it, copy-on-write. */
static int map_ecam(uint8_t **out)
{
	uint8_t *ecam;
	int fd, rc = 0;

	fd = open_ones();
	if (fd < 0)
		return fd;
	ecam = mmap(NULL, PCI_ECAM_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ecam == MAP_FAILED) {
		rc = -errno;
		goto close_ones;
	}
	for (uint64_t at = 0; at < PCI_ECAM_BYTES; at += ONES_BYTES) {
		if (mmap(ecam + at, ONES_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd,
			 0) != MAP_FAILED)
			continue;
		rc = -errno;
		munmap(ecam, PCI_ECAM_BYTES);
		goto close_ones;
	}
	*out = ecam;
close_ones:
	fd_close(&fd);
	return rc;
}

static bool valid_config(const struct pci_root_config *config)
{
	return config->ecam_base % PCI_ECAM_BYTES == 0 && config->window_base != 0 &&
	       config->window_base % FUNCTION_BYTES == 0 && config->window_base <= UINT32_MAX &&
	       config->window_size_bytes <= (UINT64_C(1) << 32) - config->window_base;
}

int pci_root_create(const struct pci_root_config *config, struct pci_root **out)
{
	struct pci_root *root;
	int rc;

	if (!valid_config(config))
		return -EINVAL;
	root = calloc(1, sizeof(*root));
	if (!root)
		return -ENOMEM;
	pthread_mutex_init(&root->lock, NULL);
	root->window = (struct pci_window){
		.kvm = config->kvm,
		.bus = config->bus,
		.base = config->window_base,
		.size_bytes = config->window_size_bytes,
	};
	root->ecam_range = (struct bus_range){
		.base = config->ecam_base,
		.size_bytes = PCI_ECAM_BYTES,
		.ops = &ecam_ops,
		.owner = root,
		.lock = &root->lock,
		.name = "pci ecam",
	};
	root->host_bridge.name = "pci host bridge";
	rc = map_ecam(&root->ecam);
	if (rc < 0)
		goto free_root;
	rc = bus_add(config->bus, BUS_MMIO, &root->ecam_range);
	if (rc < 0)
		goto unmap_ecam;
	rc = kvm_memslot_add(config->kvm, config->ecam_base, root->ecam, PCI_ECAM_BYTES, KVM_SLOT_READ_ONLY);
	if (rc < 0)
		goto remove_range;
	root->ecam_slot = rc;
	/* Slot 0 of an empty bus: there is room. */
	rc = pci_root_add(root, &root->host_bridge, &host_bridge_identity);
	if (rc < 0)
		goto remove_slot;
	*out = root;
	return 0;

remove_slot:
	(void)!kvm_memslot_move(config->kvm, root->ecam_slot, 0, NULL, 0, KVM_SLOT_READ_ONLY);
remove_range:
	bus_remove(config->bus, BUS_MMIO, &root->ecam_range);
unmap_ecam:
	munmap(root->ecam, PCI_ECAM_BYTES);
free_root:
	pthread_mutex_destroy(&root->lock);
	free(root);
	return rc;
}

void pci_root_destroy(struct pci_root *root)
{
	int rc;

	if (!root)
		return;
	rc = kvm_memslot_move(root->window.kvm, root->ecam_slot, 0, NULL, 0, KVM_SLOT_READ_ONLY);
	if (rc < 0)
		log_error("cannot take the ECAM window away: %s", strerror(-rc));
	bus_remove(root->window.bus, BUS_MMIO, &root->ecam_range);
	munmap(root->ecam, PCI_ECAM_BYTES);
	pthread_mutex_destroy(&root->lock);
	free(root);
}

/* A kernel sizes all six BARs and the ROM, also those that are not there, whose registers stay zero whatever is
 * written: such writes need not leave the guest. From behind the last BAR to the ROM all is constant, so one zone holds
 * it. */
static void coalesce_absent_bars(const struct pci_root *root, const struct pci_function *function)
{
	uint64_t header = root->ecam_range.base + (uint64_t)function->slot * SLOT_BYTES;
	unsigned int start = PCI_BASE_ADDRESS_0;

	for (unsigned int bar = 0; bar < PCI_NR_BARS; bar++) {
		if (function->bars[bar].range.size_bytes != 0)
			start = PCI_BASE_ADDRESS_0 + 4 * (bar + 1);
	}
	coalesced_add(root->window.kvm, BUS_MMIO, header + start, PCI_ROM_ADDRESS + 4 - start);
}

int pci_root_add(struct pci_root *root, struct pci_function *function, const struct pci_identity *identity)
{
	int rc;

	pthread_mutex_lock(&root->lock);
	if (root->next_slot == PCI_NR_SLOTS) {
		rc = -ENOSPC;
		goto unlock;
	}
	function->slot = root->next_slot;
	function->config = root->ecam + function->slot * SLOT_BYTES;
	pci_function_init(function, identity);
	rc = pci_bars_assign(&root->window, function);
	if (rc < 0) {
		memset(function->config, 0xff, FUNCTION_BYTES);
		goto unlock;
	}
	root->functions[function->slot] = function;
	root->next_slot++;
	coalesce_absent_bars(root, function);
unlock:
	pthread_mutex_unlock(&root->lock);
	return rc;
}

void pci_root_remove(struct pci_root *root, struct pci_function *function)
{
	pthread_mutex_lock(&root->lock);
	pci_bars_unmap(&root->window, function);
	root->functions[function->slot] = NULL;
	memset(function->config, 0xff, FUNCTION_BYTES);
	pthread_mutex_unlock(&root->lock);
}
