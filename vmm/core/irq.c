#include "vmm/core/irq.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/fd.h"

/* KVM's number of the IOAPIC among its interrupt chips. */
#define IRQCHIP_IOAPIC 2

void irq_router_init(struct irq_router *router, const struct kvm *kvm)
{
	memset(router, 0, sizeof(*router));
	router->kvm = kvm;
	for (unsigned int pin = 0; pin < IRQ_NR_PINS; pin++)
		router->pin_fds[pin] = -1;
	pthread_mutex_init(&router->lock, NULL);
}

void irq_router_fini(struct irq_router *router)
{
	pthread_mutex_destroy(&router->lock);
}

static void route_pin(struct kvm_irq_routing_entry *entry, unsigned int pin)
{
	entry->gsi = pin;
	entry->type = KVM_IRQ_ROUTING_IRQCHIP;
	entry->u.irqchip.irqchip = IRQCHIP_IOAPIC;
	entry->u.irqchip.pin = pin;
}

static void route_msi(struct kvm_irq_routing_entry *entry, unsigned int gsi, const struct irq_msi_route *route)
{
	entry->gsi = gsi;
	entry->type = KVM_IRQ_ROUTING_MSI;
	entry->u.msi.address_lo = (uint32_t)route->address;
	entry->u.msi.address_hi = (uint32_t)(route->address >> 32);
	entry->u.msi.data = route->data;
}

/* KVM takes the whole table at once. The lock is held. */
static int commit(struct irq_router *router)
{
	struct kvm_irq_routing *table;
	unsigned int nr = 0;
	int rc;

	table = calloc(1, sizeof(*table) + (IRQ_NR_PINS + router->nr_msi) * sizeof(table->entries[0]));
	if (!table)
		return -ENOMEM;
	for (unsigned int pin = 0; pin < IRQ_NR_PINS; pin++)
		route_pin(&table->entries[nr++], pin);
	for (unsigned int i = 0; i < router->nr_msi; i++)
		if (router->routes[i].state == IRQ_ROUTE_SET)
			route_msi(&table->entries[nr++], IRQ_NR_PINS + i, &router->routes[i]);
	table->nr = nr;
	rc = kvm_vm_ioctl(router->kvm, KVM_SET_GSI_ROUTING, table);
	free(table);
	return rc;
}

static int irqfd(const struct irq_router *router, int fd, int gsi, uint32_t flags)
{
	struct kvm_irqfd request = { .fd = (uint32_t)fd, .gsi = (uint32_t)gsi, .flags = flags };

	return kvm_vm_ioctl(router->kvm, KVM_IRQFD, &request);
}

int irq_pin_open(struct irq_router *router, unsigned int pin)
{
	int fd;

	if (pin >= IRQ_NR_PINS)
		return -EINVAL;
	if (router->pin_fds[pin] >= 0)
		return -EBUSY;
	fd = fd_eventfd();
	if (fd >= 0)
		router->pin_fds[pin] = fd;
	return fd;
}

int irq_attach_pins(struct irq_router *router)
{
	for (unsigned int pin = 0; pin < IRQ_NR_PINS; pin++) {
		int rc;

		if (router->pin_fds[pin] < 0)
			continue;
		rc = irqfd(router, router->pin_fds[pin], (int)pin, 0);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A free GSI, or -ENOSPC. The lock is held. */
static int take_gsi(struct irq_router *router)
{
	for (unsigned int i = 0; i < IRQ_MAX_MSI; i++) {
		if (router->routes[i].state != IRQ_ROUTE_FREE)
			continue;
		router->routes[i].state = IRQ_ROUTE_TAKEN;
		if (i >= router->nr_msi)
			router->nr_msi = i + 1;
		return IRQ_NR_PINS + (int)i;
	}
	return -ENOSPC;
}

int msi_vector_eventfd(struct msi_vector *vector)
{
	int fd = atomic_load_explicit(&vector->fd_plus_one, memory_order_relaxed) - 1;

	if (fd >= 0)
		return fd;
	fd = fd_eventfd();
	if (fd < 0)
		return fd;
	/* What was signalled before goes into it. Sequentially consistent, as is msi_vector_signal(): either the
	 * signaller sees the eventfd, or we see its early mark here. */
	atomic_store(&vector->fd_plus_one, fd + 1);
	if (atomic_exchange(&vector->pending_early, false))
		fd_eventfd_signal(fd);
	return fd;
}

static int set_route(struct irq_router *router, struct msi_vector *vector, uint64_t address, uint32_t data)
{
	struct irq_msi_route *route, before;
	int rc;

	if (vector->gsi == 0) {
		rc = take_gsi(router);
		if (rc < 0)
			return rc;
		vector->gsi = rc;
	}
	route = &router->routes[vector->gsi - IRQ_NR_PINS];
	if (route->state == IRQ_ROUTE_SET && route->address == address && route->data == data)
		return 0;
	before = *route;
	*route = (struct irq_msi_route){ .state = IRQ_ROUTE_SET, .address = address, .data = data };
	rc = commit(router);
	if (rc < 0)
		*route = before;
	return rc;
}

int msi_vector_unmask(struct irq_router *router, struct msi_vector *vector, uint64_t address, uint32_t data)
{
	int fd, rc;

	fd = msi_vector_eventfd(vector);
	if (fd < 0)
		return fd;
	pthread_mutex_lock(&router->lock);
	rc = set_route(router, vector, address, data);
	if (rc == 0 && !vector->attached) {
		/* KVM looks at the counter when it takes the eventfd: a signal that waited is delivered now. */
		rc = irqfd(router, fd, vector->gsi, 0);
		vector->attached = rc == 0;
	}
	pthread_mutex_unlock(&router->lock);
	return rc;
}

void msi_vector_mask(struct irq_router *router, struct msi_vector *vector)
{
	int fd = atomic_load_explicit(&vector->fd_plus_one, memory_order_relaxed) - 1;

	if (!vector->attached)
		return;
	(void)!irqfd(router, fd, vector->gsi, KVM_IRQFD_FLAG_DEASSIGN);
	vector->attached = false;
}

bool msi_vector_pending(struct msi_vector *vector)
{
	int fd = atomic_load(&vector->fd_plus_one) - 1;

	if (vector->attached)
		return false;
	if (fd < 0)
		return atomic_load(&vector->pending_early);
	if (!fd_eventfd_take(fd))
		return false;
	fd_eventfd_signal(fd);
	return true;
}

void msi_vector_signal(struct msi_vector *vector)
{
	int fd = atomic_load(&vector->fd_plus_one) - 1;

	if (fd < 0) {
		atomic_store(&vector->pending_early, true);
		/* The eventfd may have come meanwhile; then take the mark back and signal as usual. */
		fd = atomic_load(&vector->fd_plus_one) - 1;
		if (fd < 0 || !atomic_exchange(&vector->pending_early, false))
			return;
	}
	fd_eventfd_signal(fd);
}

void msi_vector_fini(struct irq_router *router, struct msi_vector *vector)
{
	int fd = atomic_load(&vector->fd_plus_one) - 1;

	msi_vector_mask(router, vector);
	if (vector->gsi != 0) {
		pthread_mutex_lock(&router->lock);
		/* The stale route stays in KVM's table until the next commit: nothing signals its GSI. */
		router->routes[vector->gsi - IRQ_NR_PINS].state = IRQ_ROUTE_FREE;
		pthread_mutex_unlock(&router->lock);
	}
	fd_close(&fd);
	memset(vector, 0, sizeof(*vector));
}
