/* virtio-rng: the host's random numbers (virtio 1.2, 5.4). */
#ifndef VIRTIO_DEV_RNG_H
#define VIRTIO_DEV_RNG_H

#include "virtio/core/device.h"
#include "vmm/core/loop.h"

/* 0 or -ENOMEM. Control thread. */
__attribute__((warn_unused_result)) int rng_create(struct loop *loop, struct virtio_device **out);
/* Resets the device. NULL is fine. Control thread. */
void rng_destroy(struct virtio_device *dev);

#endif
