/* Making blocks durable: the blocks first, then the bitmap that says that they are here. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "virtio/backend/overlay/overlay.h"
#include "vmm/base/container_of.h"
#include "vmm/base/log.h"

static struct overlay *overlay_of(struct loop_io *io)
{
	return container_of(io, struct overlay, publish);
}

/* What the kernel could not write it may forget, and the next time it would say that all is well: the bitmap would
 * point at nothing. So after a failure nothing is published any more. */
static int sync_file(struct overlay *overlay)
{
	while (fdatasync(overlay->fd) < 0) {
		if (errno == EINTR)
			continue;
		overlay->sync_error = -errno;
		return -errno;
	}
	return 0;
}

/* On the worker's thread, with the bitmap staged. */
static int publish(struct loop_io *io)
{
	struct overlay *overlay = overlay_of(io);
	int rc = sync_file(overlay);

	if (rc < 0)
		return rc;
	rc = overlay_bitmap_write(&overlay->bitmap, overlay->fd, OVERLAY_BITMAP_OFFSET);
	return rc < 0 ? rc : sync_file(overlay);
}

static void publish_done(struct loop_io *io, int result);

static void take_list(struct overlay *overlay)
{
	overlay->flushing = overlay->flush_next;
	overlay->flush_next = NULL;
	overlay->flush_next_tail = &overlay->flush_next;
}

static void start(struct overlay *overlay)
{
	take_list(overlay);
	/* Also when nothing is new: then it is as good as a plain flush. */
	(void)overlay_bitmap_stage(&overlay->bitmap);
	overlay->publishing = true;
	overlay->publish.op = LOOP_IO_CALL;
	overlay->publish.call = publish;
	overlay->publish.done = publish_done;
	loop_io_submit(overlay->loop, &overlay->publish);
}

static void publish_done(struct loop_io *io, int result)
{
	struct overlay *overlay = overlay_of(io);
	struct block_request *request = overlay->flushing;

	overlay_bitmap_unstage(&overlay->bitmap, result == 0);
	overlay->publishing = false;
	overlay->lost = overlay->sync_error;
	overlay->flushing = NULL;
	if (overlay->flush_next != NULL)
		start(overlay);
	while (request != NULL) {
		struct block_request *next = request->next;

		request->done(request, result);
		request = next;
	}
}

void overlay_flush_submit(struct overlay *overlay, struct block_request *request)
{
	if (!overlay->kept) {
		block_done_later(overlay->loop, request, 0);
		return;
	}
	if (overlay->lost < 0) {
		block_done_later(overlay->loop, request, overlay->lost);
		return;
	}
	if (!overlay->publishing && request->op == BLOCK_FLUSH && !overlay_bitmap_is_dirty(&overlay->bitmap)) {
		block_submit(overlay->upper, request);
		return;
	}
	/* What is being published was copied before this request, so it is not enough. */
	request->next = NULL;
	*overlay->flush_next_tail = request;
	overlay->flush_next_tail = &request->next;
	if (!overlay->publishing)
		start(overlay);
}

void overlay_flush_attach(struct overlay *overlay)
{
	overlay->flush_next_tail = &overlay->flush_next;
}

void overlay_flush_detach(struct overlay *overlay)
{
	int rc;

	if (!overlay->kept || overlay->lost < 0 || !overlay_bitmap_stage(&overlay->bitmap))
		return;
	rc = publish(&overlay->publish);
	overlay_bitmap_unstage(&overlay->bitmap, rc == 0);
	if (rc < 0)
		log_error("%s: what was written since the last flush is lost: %s", overlay->block.description,
			  strerror(-rc));
}
