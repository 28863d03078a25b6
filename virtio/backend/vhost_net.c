#include "virtio/backend/vhost_net.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/base/fd.h"
#include "vmm/base/log.h"

#define NR_RINGS 2

/* Bits of virtio 1.2, 5.1.3 and 6. */
#define F_MRG_RXBUF (UINT64_C(1) << 15)
#define F_INDIRECT_DESC (UINT64_C(1) << 28)
#define F_EVENT_IDX (UINT64_C(1) << 29)
#define F_VERSION_1 (UINT64_C(1) << 32)

struct vhost_net {
	int fd;
	uint64_t features;
	bool running;
};

/* The kernel's table of guest memory with room for all regions. */
union memory_table {
	struct vhost_memory header;
	uint8_t bytes[sizeof(struct vhost_memory) + GUEST_MEMORY_MAX_REGIONS * sizeof(struct vhost_memory_region)];
};

static int request(const struct vhost_net *vhost, unsigned long number, const void *arg)
{
	return ioctl(vhost->fd, number, arg) < 0 ? -errno : 0;
}

int vhost_net_open(const char *path, struct vhost_net **out)
{
	struct vhost_net *vhost = calloc(1, sizeof(*vhost));
	int rc;

	if (!vhost)
		return -ENOMEM;
	vhost->fd = open(path, O_RDWR | O_CLOEXEC);
	if (vhost->fd < 0) {
		rc = -errno;
		log_error("%s: %s: %s", path, strerror(-rc),
			  rc == -ENOENT ? "load the module vhost_net, or use vhost=off"
					: "allow this user to open it, or use vhost=off");
		goto free_vhost;
	}
	rc = request(vhost, VHOST_SET_OWNER, NULL);
	if (rc == 0)
		rc = request(vhost, VHOST_GET_FEATURES, &vhost->features);
	if (rc < 0) {
		log_error("%s is not usable: %s; use vhost=off", path, strerror(-rc));
		goto close_fd;
	}
	*out = vhost;
	return 0;

close_fd:
	fd_close(&vhost->fd);
free_vhost:
	free(vhost);
	return rc;
}

void vhost_net_close(struct vhost_net *vhost)
{
	if (!vhost)
		return;
	fd_close(&vhost->fd);
	free(vhost);
}

uint64_t vhost_net_features(const struct vhost_net *vhost)
{
	return vhost->features;
}

uint64_t vhost_net_concerns(void)
{
	return F_MRG_RXBUF | F_INDIRECT_DESC | F_EVENT_IDX | F_VERSION_1;
}

static int set_memory(const struct vhost_net *vhost, const struct guest_memory *memory)
{
	union memory_table table = { .header = { .nregions = memory->nr_regions } };
	struct vhost_memory_region region = { 0 };

	for (unsigned int i = 0; i < memory->nr_regions; i++) {
		region.guest_phys_addr = memory->regions[i].base;
		region.memory_size = memory->regions[i].size_bytes;
		region.userspace_addr = (uintptr_t)memory->regions[i].host;
		memcpy(table.bytes + sizeof(table.header) + i * sizeof(region), &region, sizeof(region));
	}
	return request(vhost, VHOST_SET_MEM_TABLE, &table);
}

/* Where the ring lies in our own memory, which the kernel shares; the sizes are virtio 1.2, 2.7. */
static int locate(const struct guest_memory *memory, const struct vhost_net_ring *ring, struct vhost_vring_addr *addr)
{
	void *desc = guest_memory_at(memory, ring->desc, UINT64_C(16) * ring->size);
	void *avail = guest_memory_at(memory, ring->avail, 6 + UINT64_C(2) * ring->size);
	void *used = guest_memory_at(memory, ring->used, 6 + UINT64_C(8) * ring->size);

	if (!desc || !avail || !used)
		return -EFAULT;
	addr->desc_user_addr = (uintptr_t)desc;
	addr->avail_user_addr = (uintptr_t)avail;
	addr->used_user_addr = (uintptr_t)used;
	return 0;
}

static int set_ring(const struct vhost_net *vhost, unsigned int index, const struct vhost_net_ring *ring,
		    const struct vhost_vring_addr *addr)
{
	const struct vhost_vring_state size = { .index = index, .num = ring->size };
	const struct vhost_vring_state start = { .index = index, .num = 0 };
	const struct vhost_vring_file kick = { .index = index, .fd = ring->kick_fd };
	const struct vhost_vring_file call = { .index = index, .fd = ring->call_fd };
	const struct vhost_vring_file error = { .index = index, .fd = ring->error_fd };
	const struct {
		unsigned long number;
		const void *arg;
	} steps[] = {
		{ VHOST_SET_VRING_NUM, &size },	 { VHOST_SET_VRING_BASE, &start }, { VHOST_SET_VRING_ADDR, addr },
		{ VHOST_SET_VRING_CALL, &call }, { VHOST_SET_VRING_ERR, &error },  { VHOST_SET_VRING_KICK, &kick },
	};

	for (unsigned int i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int rc = request(vhost, steps[i].number, steps[i].arg);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int vhost_net_set_call(struct vhost_net *vhost, unsigned int ring, int call_fd)
{
	const struct vhost_vring_file call = { .index = ring, .fd = call_fd };

	return request(vhost, VHOST_SET_VRING_CALL, &call);
}

int vhost_net_set_tap(struct vhost_net *vhost, int tap_fd)
{
	int rc = 0;

	for (unsigned int i = 0; i < NR_RINGS && rc == 0; i++) {
		const struct vhost_vring_file backend = { .index = i, .fd = tap_fd };

		rc = request(vhost, VHOST_NET_SET_BACKEND, &backend);
	}
	return rc;
}

int vhost_net_start(struct vhost_net *vhost, const struct guest_memory *memory, uint64_t features,
		    const struct vhost_net_ring rings[NR_RINGS], int tap_fd)
{
	/* The tap has a header of its own, so vhost is not to make one (VHOST_NET_F_VIRTIO_NET_HDR). */
	uint64_t wanted = features & vhost->features & vhost_net_concerns();
	struct vhost_vring_addr addr[NR_RINGS];
	int rc;

	for (unsigned int i = 0; i < NR_RINGS; i++) {
		addr[i] = (struct vhost_vring_addr){ .index = i };
		rc = locate(memory, &rings[i], &addr[i]);
		if (rc < 0)
			return rc;
	}
	rc = request(vhost, VHOST_SET_FEATURES, &wanted);
	if (rc == 0)
		rc = set_memory(vhost, memory);
	for (unsigned int i = 0; i < NR_RINGS && rc == 0; i++)
		rc = set_ring(vhost, i, &rings[i], &addr[i]);
	if (rc < 0)
		return rc;
	vhost->running = true;
	rc = vhost_net_set_tap(vhost, tap_fd);
	if (rc < 0)
		vhost_net_stop(vhost);
	return rc;
}

bool vhost_net_is_running(const struct vhost_net *vhost)
{
	return vhost->running;
}

void vhost_net_stop(struct vhost_net *vhost)
{
	if (!vhost->running)
		return;
	vhost->running = false;
	/* Waits until the kernel's thread has let go of the rings. */
	(void)!vhost_net_set_tap(vhost, -1);
}
