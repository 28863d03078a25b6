/* virtio-console: one port, a terminal line to the host (virtio 1.2, 5.3). */
#ifndef VIRTIO_DEV_CONSOLE_H
#define VIRTIO_DEV_CONSOLE_H

#include <stdint.h>

#include "virtio/core/device.h"
#include "vmm/core/loop.h"
#include "vmm/core/stream.h"

/* Makes the device and attaches it to the stream, which must be of the same loop and outlive the device. 0 or -ENOMEM.
 * Control thread, before the loop runs. */
__attribute__((warn_unused_result)) int console_create(struct stream *stream, struct loop *loop,
						       struct virtio_device **out);
/* Resets the device. The stream must not call it any more afterwards: destroy it, or attach another user, next. NULL is
 * fine. Control thread. */
void console_destroy(struct virtio_device *dev);

/* Tells the driver the size of the terminal's window, in characters. Any thread, once the device has a transport. */
void console_set_window(struct virtio_device *dev, uint16_t cols, uint16_t rows);

#endif
