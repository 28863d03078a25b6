#include "virtio/backend/qcow2/publish.h"

#include <errno.h>
#include <string.h>

#include "virtio/backend/qcow2/pieces.h"
#include "virtio/backend/qcow2/queue.h"
#include "virtio/backend/qcow2/reap.h"
#include "virtio/backend/qcow2/table.h"
#include "vmm/base/log.h"

static void make_dirty_again(const struct qcow2_piece *piece, struct qcow2 *image)
{
	uint64_t first = piece->dirty.first, len = piece->dirty.end - piece->dirty.first;

	if (piece->table != NULL)
		qcow2_table_dirty(piece->table, first, len);
	else if (piece->stage == QCOW2_STAGE_L1_TABLE)
		qcow2_dirty_add(&image->l1_dirty, first, len);
	else if (piece->stage == QCOW2_STAGE_REFCOUNT_TABLE)
		qcow2_dirty_add(&image->refcount_table_dirty, first, len);
	else
		image->refcount_table_moved = true;
}

/* What is dropped on the disk too is unused; or, after a failure, it is as if nothing had been tried. */
static void settle(struct qcow2_publish *publish, int result)
{
	struct qcow2 *image = publish->image;

	for (size_t i = 0; i < publish->nr; i++) {
		if (publish->pieces[i].table != NULL)
			publish->pieces[i].table->publishing = false;
		if (result < 0)
			make_dirty_again(&publish->pieces[i], image);
	}
	qcow2_reap_move(result < 0 ? &image->dropped : &image->unused, &publish->dropped);
	image->publish_error = result;
	if (result < 0)
		log_guest("disk %s: its tables can't be written: %s", image->block.description, strerror(-result));
}

static void publish_done(struct loop_io *io, int result)
{
	struct qcow2_publish *publish = (struct qcow2_publish *)io;
	struct qcow2 *image = publish->image;
	struct block_request *flush = publish->flushes;

	settle(publish, result);
	image->publish = NULL;
	qcow2_publish_free(publish);
	qcow2_queue_wake(image, &image->no_room);
	if (result == 0)
		qcow2_reap_start(image);
	if (image->flushes != NULL)
		qcow2_publish_start(image);
	while (flush != NULL) {
		struct block_request *next = flush->next;

		flush->done(flush, result);
		flush = next;
	}
}

/* --- from the outside --- */

bool qcow2_publish_is_done(const struct qcow2 *image)
{
	return image->publish == NULL && image->nr_dirty == 0 && image->dropped.nr == 0 &&
	       qcow2_dirty_is_empty(image->l1_dirty) && qcow2_dirty_is_empty(image->refcount_table_dirty) &&
	       !image->refcount_table_moved;
}

void qcow2_publish_start(struct qcow2 *image)
{
	struct qcow2_publish *publish;

	if (image->publish != NULL || (image->flushes == NULL && qcow2_publish_is_done(image)))
		return;
	publish = qcow2_publish_collect(image);
	if (publish == NULL) {
		while (image->flushes != NULL) {
			struct block_request *flush = image->flushes;

			image->flushes = flush->next;
			block_done_later(image->loop, flush, -ENOMEM);
		}
		image->flushes_tail = &image->flushes;
		image->publish_error = -ENOMEM;
		qcow2_queue_wake(image, &image->no_room);
		return;
	}
	publish->flushes = image->flushes;
	image->flushes = NULL;
	image->flushes_tail = &image->flushes;
	publish->io.op = LOOP_IO_CALL;
	publish->io.call = qcow2_publish_write;
	publish->io.done = publish_done;
	image->publish = publish;
	loop_io_submit(image->loop, &publish->io);
}

void qcow2_publish_flush(struct qcow2 *image, struct block_request *request)
{
	if (request->op == BLOCK_FLUSH && qcow2_publish_is_done(image)) {
		block_submit(image->file, request);
		return;
	}
	request->next = NULL;
	*image->flushes_tail = request;
	image->flushes_tail = &request->next;
	qcow2_publish_start(image);
}

int qcow2_publish_now(struct qcow2 *image)
{
	struct qcow2_publish *publish;
	int rc;

	if (qcow2_publish_is_done(image))
		return 0;
	publish = qcow2_publish_collect(image);
	if (publish == NULL)
		return -ENOMEM;
	rc = qcow2_publish_write(&publish->io);
	settle(publish, rc);
	qcow2_publish_free(publish);
	return rc;
}
