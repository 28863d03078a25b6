/* Clusters that have to be brought to memory: compressed ones, and one that lies across the end of the file. The worker
 * thread reads and unpacks into a buffer of its own; a few of the last are kept. */
#include "virtio/backend/qcow2/fetch.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "virtio/backend/qcow2/file.h"
#include "virtio/backend/qcow2/queue.h"
#include "virtio/backend/qcow2/unpack.h"
#include "vmm/base/container_of.h"
#include "vmm/base/log.h"

#define SECTOR_BYTES 512

void qcow2_compressed_place(const struct qcow2 *image, uint64_t entry, uint64_t *host, uint64_t *len)
{
	unsigned int offset_bits = 62 - (image->cluster_bits - 8);
	uint64_t more_sectors = (entry & (QCOW2_COMPRESSED - 1)) >> offset_bits;

	*host = entry & ((UINT64_C(1) << offset_bits) - 1);
	*len = (more_sectors + 1) * SECTOR_BYTES - *host % SECTOR_BYTES;
}

/* On the worker thread; what it uses of the image doesn't change while attached. */
static int fetch_call(struct loop_io *io)
{
	struct qcow2_fetch *fetch = container_of(io, struct qcow2_fetch, io);
	const struct qcow2 *image = fetch->image;
	uint64_t host, len;
	uint8_t *packed;
	int rc;

	if (!(fetch->entry & QCOW2_COMPRESSED))
		return qcow2_file_read(image, fetch->bytes, image->cluster_bytes, fetch->entry & QCOW2_OFFSET_MASK);
	qcow2_compressed_place(image, fetch->entry, &host, &len);
	packed = qcow2_buffer(len); /* at most two clusters, by the width of the field */
	if (packed == NULL)
		return -ENOMEM;
	rc = qcow2_file_read(image, packed, len, host);
	if (rc == 0)
		rc = qcow2_unpack(image->header.compression, packed, len, fetch->bytes, image->cluster_bytes);
	free(packed);
	return rc;
}

static void fetch_done(struct loop_io *io, int result)
{
	struct qcow2_fetch *fetch = container_of(io, struct qcow2_fetch, io);
	struct qcow2 *image = fetch->image;

	fetch->busy = false;
	fetch->failed = result < 0;
	fetch->error = result;
	/* Damaged data are no reason to write no more: only this cluster is lost. */
	if (result < 0)
		log_guest("disk %s: the cluster described by %016llx can't be read (errno %d)",
			  image->block.description, (unsigned long long)fetch->entry, -result);
	qcow2_queue_wake(image, &fetch->waiting);
	qcow2_queue_wake(image, &image->no_fetch);
	loop_defer(image->loop, &image->task);
}

/* The one whose cluster was not asked for the longest; NULL if all are busy. */
static struct qcow2_fetch *oldest(struct qcow2 *image)
{
	struct qcow2_fetch *found = NULL;

	for (unsigned int i = 0; i < QCOW2_NR_FETCHES; i++) {
		struct qcow2_fetch *fetch = &image->fetches[i];

		if (!fetch->busy && (found == NULL || fetch->used_at < found->used_at))
			found = fetch;
	}
	return found;
}

int qcow2_fetch(struct qcow2 *image, uint64_t entry, struct block_walk *walk, const uint8_t **bytes)
{
	struct qcow2_fetch *fetch = NULL;

	for (unsigned int i = 0; i < QCOW2_NR_FETCHES && fetch == NULL; i++)
		if (image->fetches[i].entry == entry)
			fetch = &image->fetches[i];
	if (fetch != NULL && !fetch->busy) {
		fetch->used_at = ++image->fetch_clock;
		*bytes = fetch->bytes;
		return fetch->failed ? fetch->error : 0;
	}
	if (fetch == NULL) {
		fetch = oldest(image);
		if (fetch == NULL) {
			qcow2_queue_push(&image->no_fetch, walk);
			return -EINPROGRESS;
		}
		fetch->entry = 0;
		if (fetch->bytes == NULL)
			fetch->bytes = qcow2_buffer(image->cluster_bytes);
		if (fetch->bytes == NULL)
			return -ENOMEM;
		qcow2_queue_init(&fetch->waiting);
		fetch->image = image;
		fetch->entry = entry;
		fetch->busy = true;
		fetch->failed = false;
		fetch->used_at = ++image->fetch_clock;
		fetch->io.op = LOOP_IO_CALL;
		fetch->io.call = fetch_call;
		fetch->io.done = fetch_done;
		loop_io_submit(image->loop, &fetch->io);
	}
	qcow2_queue_push(&fetch->waiting, walk);
	return -EINPROGRESS;
}

void qcow2_fetch_forget_failed(struct qcow2 *image)
{
	for (unsigned int i = 0; i < QCOW2_NR_FETCHES; i++)
		if (!image->fetches[i].busy && image->fetches[i].failed)
			image->fetches[i].entry = 0;
}

void qcow2_fetch_drop_all(struct qcow2 *image)
{
	for (unsigned int i = 0; i < QCOW2_NR_FETCHES; i++) {
		free(image->fetches[i].bytes);
		image->fetches[i] = (struct qcow2_fetch){ 0 };
	}
}
