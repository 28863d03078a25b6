#include "devices/msix.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "devices/register_page.h"
#include "vmm/base/endian.h"
#include "vmm/base/log.h"

struct msix_vector {
	struct msi_vector msi;
	_Atomic bool open; /* written under the lock; read by msix_signal() without it */
};

/* What follows the capability's ID and link. */
struct msix_capability_body {
	le16 control;
	le32 table;
	le32 pending;
} __attribute__((packed));

_Static_assert(sizeof(struct msix_capability_body) + 2 == PCI_CAP_MSIX_SIZEOF, "PCI 3.0, 6.8.2");
_Static_assert(MSIX_ENTRY_BYTES == PCI_MSIX_ENTRY_SIZE, "PCI 3.0, 6.8.2");

/* The control register is the upper half of the capability's first dword. */
#define CONTROL_SHIFT 16

int msix_init(struct msix *msix, const struct msix_config *config)
{
	struct msix_capability_body body = {
		.control = le16_make((uint16_t)(config->nr_vectors - 1)),
		.table = le32_make(config->table_offset | config->bar),
		.pending = le32_make(config->pending_offset | config->bar),
	};
	uint8_t *host = config->function->bars[config->bar].host;
	int rc;

	if (config->nr_vectors == 0 || config->nr_vectors > MSIX_MAX_VECTORS || config->table_offset % 8 != 0 ||
	    config->pending_offset % 8 != 0)
		return -EINVAL;
	memset(msix, 0, sizeof(*msix));
	msix->vectors = calloc(config->nr_vectors, sizeof(*msix->vectors));
	if (!msix->vectors)
		return -ENOMEM;
	rc = pci_function_add_capability(config->function, PCI_CAP_ID_MSIX, &body, sizeof(body));
	if (rc < 0) {
		free(msix->vectors);
		msix->vectors = NULL;
		return rc;
	}
	msix->router = config->router;
	msix->function = config->function;
	msix->capability = (unsigned int)rc;
	msix->nr_vectors = config->nr_vectors;
	msix->table = host + config->table_offset;
	msix->pending = host + config->pending_offset;
	pthread_mutex_init(&msix->lock, NULL);
	pci_function_allow_write(msix->function, msix->capability,
				 (uint32_t)(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL) << CONTROL_SHIFT);
	for (unsigned int i = 0; i < msix->nr_vectors; i++)
		register_page_set32(msix->table, i * MSIX_ENTRY_BYTES + PCI_MSIX_ENTRY_VECTOR_CTRL,
				    PCI_MSIX_ENTRY_CTRL_MASKBIT);
	return 0;
}

void msix_fini(struct msix *msix)
{
	if (!msix->vectors)
		return;
	for (unsigned int i = 0; i < msix->nr_vectors; i++)
		msi_vector_fini(msix->router, &msix->vectors[i].msi);
	free(msix->vectors);
	pthread_mutex_destroy(&msix->lock);
	memset(msix, 0, sizeof(*msix));
}

/* The lock is held. */
static void show_pending(struct msix *msix, unsigned int i, bool pending)
{
	uint64_t bits = register_page_get64(msix->pending, 0);
	uint64_t bit = UINT64_C(1) << i;
	uint64_t changed = pending ? bits | bit : bits & ~bit;

	if (changed != bits)
		register_page_set64(msix->pending, 0, changed);
}

/* Whether the guest lets the vector through. The lock is held. */
static bool wants_open(const struct msix *msix, unsigned int i)
{
	uint32_t entry = register_page_get32(msix->table, i * MSIX_ENTRY_BYTES + PCI_MSIX_ENTRY_VECTOR_CTRL);

	return (msix->control & PCI_MSIX_FLAGS_ENABLE) && !(msix->control & PCI_MSIX_FLAGS_MASKALL) &&
	       !(entry & PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

/* Lets the vector through to the address and data that its entry has now; again if it was open already, in case a guest
 * changes an entry without masking it. The lock is held. */
static int open_vector(struct msix *msix, unsigned int i)
{
	struct msix_vector *vector = &msix->vectors[i];
	unsigned int entry = i * MSIX_ENTRY_BYTES;
	int rc;

	rc = msi_vector_unmask(msix->router, &vector->msi,
			       register_page_get64(msix->table, entry + PCI_MSIX_ENTRY_LOWER_ADDR),
			       register_page_get32(msix->table, entry + PCI_MSIX_ENTRY_DATA));
	if (rc < 0)
		return rc;
	atomic_store(&vector->open, true);
	show_pending(msix, i, false);
	return 0;
}

/* The lock is held. A signaller either sees `open` false after its signal, and then shows the signal as pending itself,
 * or has signalled before `open` became false, and then it is seen here. */
static void close_vector(struct msix *msix, unsigned int i)
{
	struct msix_vector *vector = &msix->vectors[i];

	if (!atomic_load(&vector->open))
		return;
	atomic_store(&vector->open, false);
	msi_vector_mask(msix->router, &vector->msi);
	if (msi_vector_pending(&vector->msi))
		show_pending(msix, i, true);
}

/* The lock is held. */
static void settle(struct msix *msix, unsigned int i)
{
	int rc;

	if (!wants_open(msix, i)) {
		close_vector(msix, i);
		return;
	}
	rc = open_vector(msix, i);
	if (rc < 0) {
		log_guest("%s: cannot route MSI-X vector %u: %s", msix->function->name, i, strerror(-rc));
		close_vector(msix, i);
	}
}

void msix_control_written(struct msix *msix)
{
	pthread_mutex_lock(&msix->lock);
	msix->control = register_page_get16(msix->function->config, msix->capability + PCI_MSIX_FLAGS);
	atomic_store(&msix->enabled, (msix->control & PCI_MSIX_FLAGS_ENABLE) != 0);
	for (unsigned int i = 0; i < msix->nr_vectors; i++)
		settle(msix, i);
	pthread_mutex_unlock(&msix->lock);
}

/* Bits of the dword that the guest may change: of the vector control, the mask bit. */
static uint32_t writable_bits(uint64_t offset)
{
	return offset % MSIX_ENTRY_BYTES == PCI_MSIX_ENTRY_VECTOR_CTRL ? PCI_MSIX_ENTRY_CTRL_MASKBIT : UINT32_MAX;
}

void msix_table_write(struct msix *msix, uint64_t offset, unsigned int size, uint64_t value)
{
	uint64_t table_bytes = (uint64_t)msix->nr_vectors * MSIX_ENTRY_BYTES;

	if ((size != 4 && size != 8) || offset % size != 0 || offset >= table_bytes || size > table_bytes - offset)
		return;
	pthread_mutex_lock(&msix->lock);
	for (unsigned int at = 0; at < size; at += 4)
		register_page_set32(msix->table, (unsigned int)offset + at,
				    (uint32_t)(value >> (8 * at)) & writable_bits(offset + at));
	settle(msix, (unsigned int)(offset / MSIX_ENTRY_BYTES));
	pthread_mutex_unlock(&msix->lock);
}

bool msix_signal(struct msix *msix, unsigned int vector)
{
	if (vector >= msix->nr_vectors || !atomic_load(&msix->enabled))
		return false;
	msi_vector_signal(&msix->vectors[vector].msi);
	if (!atomic_load(&msix->vectors[vector].open)) {
		pthread_mutex_lock(&msix->lock);
		if (!atomic_load(&msix->vectors[vector].open) && msi_vector_pending(&msix->vectors[vector].msi))
			show_pending(msix, vector, true);
		pthread_mutex_unlock(&msix->lock);
	}
	return true;
}

int msix_eventfd(struct msix *msix, unsigned int vector)
{
	int fd;

	if (vector >= msix->nr_vectors || !atomic_load(&msix->enabled))
		return -ENOENT;
	pthread_mutex_lock(&msix->lock);
	fd = msi_vector_eventfd(&msix->vectors[vector].msi);
	pthread_mutex_unlock(&msix->lock);
	return fd;
}
