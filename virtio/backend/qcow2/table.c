/* The cache of L2 tables and refcount blocks. A table that is clean and that nobody needs just now is dropped when
 * there is no room; one that was used since the last look gets a second chance. */
#include "virtio/backend/qcow2/table.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "virtio/backend/qcow2/file.h"
#include "virtio/backend/qcow2/publish.h"
#include "virtio/backend/qcow2/queue.h"
#include "vmm/base/container_of.h"

/* Takes the table out of the list. */
static void unlink_table(struct qcow2_table *table)
{
	*table->link = table->next;
	if (table->next != NULL)
		table->next->link = table->link;
	else
		table->image->tables_tail = table->link;
}

/* The same for the first, or NULL. */
static struct qcow2_table *unlink_first(struct qcow2 *image)
{
	struct qcow2_table *table = image->tables;

	if (table == NULL)
		return NULL;
	image->tables = table->next;
	if (table->next != NULL)
		table->next->link = &image->tables;
	else
		image->tables_tail = &image->tables;
	return table;
}

static void destroy(struct qcow2_table *table)
{
	*table->slot = NULL;
	table->image->nr_tables--;
	free(table->bytes);
	free(table);
}

static void drop(struct qcow2_table *table)
{
	unlink_table(table);
	destroy(table);
}

static void append(struct qcow2 *image, struct qcow2_table *table)
{
	table->next = NULL;
	table->link = image->tables_tail;
	*image->tables_tail = table;
	image->tables_tail = &table->next;
}

static bool can_go(const struct qcow2_table *table)
{
	return table->state == QCOW2_TABLE_READY && qcow2_dirty_is_empty(table->dirty) && !table->publishing &&
	       table->nr_pins == 0 && table->allocs == NULL;
}

/* Makes room for one more; the oldest that can go goes. False if there is none. */
static bool make_room(struct qcow2 *image)
{
	/* Twice round: the first time may only take chances away. */
	for (unsigned int left = 2 * image->nr_tables; image->nr_tables >= image->max_tables && left > 0; left--) {
		struct qcow2_table *table = unlink_first(image);

		if (!table->used && can_go(table)) {
			destroy(table);
			continue;
		}
		table->used = false;
		append(image, table);
	}
	return image->nr_tables < image->max_tables;
}

static int create(struct qcow2 *image, struct qcow2_table **slot, uint64_t offset, struct qcow2_table **out)
{
	struct qcow2_table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return -ENOMEM;
	table->bytes = qcow2_buffer(image->cluster_bytes);
	if (table->bytes == NULL) {
		free(table);
		return -ENOMEM;
	}
	table->image = image;
	table->slot = slot;
	table->offset = offset;
	table->used = true;
	qcow2_queue_init(&table->waiting);
	append(image, table);
	image->nr_tables++;
	*slot = table;
	*out = table;
	return 0;
}

static void loaded(struct block_request *request, int result)
{
	struct qcow2_table *table = container_of(request, struct qcow2_table, request);
	struct qcow2 *image = table->image;

	table->state = result < 0 ? QCOW2_TABLE_FAILED : QCOW2_TABLE_READY;
	table->error = result;
	image->tables_failed |= result < 0;
	qcow2_queue_wake(image, &table->waiting);
	qcow2_queue_wake(image, &image->no_room);
}

/* Reads the table on the calling thread. */
static int load_now(struct qcow2 *image, struct qcow2_table *table)
{
	int rc = qcow2_file_read(image, table->bytes, image->cluster_bytes, table->offset);

	if (rc < 0)
		drop(table);
	else
		table->state = QCOW2_TABLE_READY;
	return rc;
}

int qcow2_table_get(struct qcow2 *image, struct qcow2_table **slot, uint64_t offset, struct block_walk *walk,
		    struct qcow2_table **out)
{
	struct qcow2_table *table = *slot;
	int rc;

	if (table != NULL && table->state == QCOW2_TABLE_READY) {
		table->used = true;
		*out = table;
		return 0;
	}
	if (table != NULL && table->state == QCOW2_TABLE_FAILED)
		return table->error;
	if (table == NULL) {
		if (!make_room(image) && walk != NULL) {
			/* Once for each who would wait: not again and again by itself. */
			rc = image->publish_error;
			image->publish_error = 0;
			if (rc < 0)
				return rc;
			qcow2_queue_push(&image->no_room, walk);
			qcow2_publish_start(image); /* what is clean can go */
			return -EINPROGRESS;
		}
		rc = create(image, slot, offset, &table);
		if (rc < 0)
			return rc;
		if (walk == NULL) {
			*out = table;
			return load_now(image, table);
		}
		table->iov = (struct iovec){ table->bytes, image->cluster_bytes };
		table->request = (struct block_request){
			.op = BLOCK_READ,
			.offset = offset,
			.length = image->cluster_bytes,
			.iov = &table->iov,
			.nr_iov = 1,
			.done = loaded,
		};
		block_submit(image->file, &table->request);
	}
	qcow2_queue_push(&table->waiting, walk);
	return -EINPROGRESS;
}

int qcow2_table_make(struct qcow2 *image, struct qcow2_table **slot, uint64_t offset, struct qcow2_table **out)
{
	int rc;

	(void)make_room(image); /* if there is none, the cache is a little larger for a while */
	rc = create(image, slot, offset, out);
	if (rc < 0)
		return rc;
	memset((*out)->bytes, 0, image->cluster_bytes);
	(*out)->state = QCOW2_TABLE_READY;
	qcow2_table_dirty(*out, 0, image->cluster_bytes);
	return 0;
}

void qcow2_table_dirty(struct qcow2_table *table, uint64_t first, uint64_t len)
{
	struct qcow2 *image = table->image;

	if (qcow2_dirty_is_empty(table->dirty)) {
		image->nr_dirty++;
		if (image->nr_dirty > image->max_tables / 2)
			loop_defer(image->loop, &image->task);
	}
	qcow2_dirty_add(&table->dirty, first, len);
}

void qcow2_table_clean(struct qcow2_table *table)
{
	if (!qcow2_dirty_is_empty(table->dirty))
		table->image->nr_dirty--;
	table->dirty = (struct qcow2_dirty){ 0 };
}

void qcow2_table_forget_failed(struct qcow2 *image)
{
	struct qcow2_table *next;

	if (!image->tables_failed)
		return;
	image->tables_failed = false;
	for (struct qcow2_table *table = image->tables; table != NULL; table = next) {
		next = table->next;
		if (table->state == QCOW2_TABLE_FAILED)
			drop(table);
	}
}

void qcow2_table_drop_all(struct qcow2 *image)
{
	struct qcow2_table *table;

	while ((table = unlink_first(image)) != NULL)
		destroy(table);
	image->nr_dirty = 0;
}
