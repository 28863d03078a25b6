/* Clusters whose use has ended. First that is published; then their count goes down, and who was the last to use one
 * gives its space back to the file system before anybody else can take it. */
#include "virtio/backend/qcow2/reap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "virtio/backend/qcow2/damaged.h"
#include "virtio/backend/qcow2/refcount.h"
#include "vmm/base/container_of.h"

/* Clusters that are given back together, and counted in one step. */
#define MAX_RUN 4096

static int append(struct qcow2_deref_list *list, struct qcow2_deref item)
{
	struct qcow2_deref *last = list->nr > 0 ? &list->items[list->nr - 1] : NULL;

	if (last != NULL && last->first + last->nr == item.first) {
		last->nr += item.nr;
		return 0;
	}
	if (list->items == NULL || list->nr == list->max) {
		size_t max = list->max > 0 ? 2 * list->max : 64;
		struct qcow2_deref *items = realloc(list->items, max * sizeof(*items));

		if (items == NULL)
			return -ENOMEM;
		list->items = items;
		list->max = max;
	}
	list->items[list->nr++] = item;
	return 0;
}

void qcow2_reap_later(struct qcow2 *image, uint64_t host, uint64_t len)
{
	uint64_t first = host >> image->cluster_bits;
	uint64_t nr = ((host + len - 1) >> image->cluster_bits) - first + 1;

	/* Without memory for the note they are leaked, which harms nobody. */
	(void)!append(&image->dropped, (struct qcow2_deref){ first, nr });
}

void qcow2_reap_move(struct qcow2_deref_list *to, struct qcow2_deref_list *from)
{
	for (size_t i = 0; i < from->nr; i++)
		(void)!append(to, from->items[i]);
	free(from->items);
	*from = (struct qcow2_deref_list){ 0 };
}

/* The next of the unused clusters; NULL if there are none. */
static struct qcow2_deref *next_unused(struct qcow2 *image)
{
	while (image->next_unused < image->unused.nr && image->unused.items[image->next_unused].nr == 0)
		image->next_unused++;
	if (image->next_unused < image->unused.nr)
		return &image->unused.items[image->next_unused];
	image->unused.nr = image->next_unused = 0;
	return NULL;
}

/* From here on the clusters can be taken again. */
static void set_free(struct qcow2 *image, struct qcow2_table *block, uint64_t first, uint64_t nr)
{
	for (uint64_t index = first; index < first + nr; index++) {
		qcow2_refcount_set(image, block, index, 0);
		qcow2_set_remove(&image->metadata, index);
	}
	if (first < image->first_free)
		image->first_free = first;
}

static void punched(struct block_request *request, int result)
{
	struct qcow2 *image = container_of(request, struct qcow2, punch);
	struct qcow2_table *block = image->blocks[image->punch_first >> image->block_bits];

	(void)result; /* a hint */
	block->nr_pins--;
	image->punching = false;
	set_free(image, block, image->punch_first, image->punch_nr);
	qcow2_reap_start(image);
}

/* Takes what is next: clusters of one block that lose their last reference, or one that doesn't. The first cluster that
 * is to be freed, and how many, are for the caller to go on with. */
static uint64_t take_run(struct qcow2 *image, struct qcow2_table *block, struct qcow2_deref *item, uint64_t *first)
{
	uint64_t end = ((item->first >> image->block_bits) + 1) << image->block_bits;
	uint64_t count = qcow2_refcount_get(image, block, item->first);
	uint64_t nr = 0;

	*first = item->first;
	if (count != 1) {
		if (count > 1)
			qcow2_refcount_set(image, block, item->first, count - 1);
		else
			(void)!qcow2_damaged(image, "the cluster at %llu was in use and not counted",
					     (unsigned long long)item->first << image->cluster_bits);
		item->first++;
		item->nr--;
		return 0;
	}
	while (item->nr > 0 && item->first < end && nr < MAX_RUN &&
	       qcow2_refcount_get(image, block, item->first) == 1) {
		item->first++;
		item->nr--;
		nr++;
	}
	return nr;
}

/* As a walk's step: looks at what there is, until something has to be waited for. */
static void reap_step(struct block_walk *walk)
{
	struct qcow2 *image = qcow2_of(walk->owner);
	struct qcow2_deref *item;

	while (!image->punching && (item = next_unused(image)) != NULL) {
		struct qcow2_table *block;
		uint64_t first, nr;
		int rc = qcow2_refcount_block(image, item->first, walk, &block);

		if (rc == -EINPROGRESS) {
			walk->position = 1; /* it waits */
			return;
		}
		if (rc < 0 || block == NULL) {
			item->nr = 0; /* leaked */
			continue;
		}
		nr = take_run(image, block, item, &first);
		if (nr == 0)
			continue;
		if (!image->discard || !image->file->geometry.can_discard) {
			set_free(image, block, first, nr);
			continue;
		}
		block->nr_pins++;
		image->punching = true;
		image->punch_first = first;
		image->punch_nr = nr;
		image->punch = (struct block_request){
			.op = BLOCK_DISCARD,
			.offset = first << image->cluster_bits,
			.length = nr << image->cluster_bits,
			.done = punched,
		};
		block_submit(image->file, &image->punch);
	}
}

static void reap_again(struct block_walk *walk)
{
	walk->position = 0;
	reap_step(walk);
}

void qcow2_reap_init(struct qcow2 *image)
{
	image->reaper = (struct block_walk){ .owner = &image->block, .step = reap_again };
}

void qcow2_reap_start(struct qcow2 *image)
{
	if (image->reaper.position == 0)
		reap_step(&image->reaper);
}

void qcow2_reap_drop_all(struct qcow2 *image)
{
	free(image->dropped.items);
	free(image->unused.items);
	image->dropped = image->unused = (struct qcow2_deref_list){ 0 };
	image->next_unused = 0;
}

int qcow2_reap_now(struct qcow2 *image)
{
	struct qcow2_deref *item;

	while ((item = next_unused(image)) != NULL) {
		struct qcow2_table *block;
		uint64_t first, nr;
		int rc = qcow2_refcount_block(image, item->first, NULL, &block);

		if (rc < 0)
			return rc;
		nr = block != NULL ? take_run(image, block, item, &first) : 0;
		if (block == NULL)
			item->nr = 0;
		if (nr == 0)
			continue;
		if (image->discard && !image->is_device)
			(void)!fallocate(image->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					 (off_t)(first << image->cluster_bits), (off_t)(nr << image->cluster_bits));
		set_free(image, block, first, nr);
	}
	return 0;
}
