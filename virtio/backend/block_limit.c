#include "virtio/backend/block_limit.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "virtio/backend/block_ops.h"
#include "vmm/base/container_of.h"
#include "vmm/core/loop_timer.h"

/* A timer for each request would cost more than many a disk: what comes due within this time goes down together. */
#define MIN_WAIT_NS UINT64_C(1000000)

/* Requests that wait, in the order they came. */
struct request_list {
	struct block_request *first;
	struct block_request **tail;
};

struct block_limit {
	struct block block; /* first */
	struct block *below;
	struct block_limits limits;
	struct bucket bytes;
	struct bucket operations;
	struct request_list flushes;
	struct request_list others;
	struct loop_timer timer; /* set while a request waits */
};

static struct block_limit *limit_of(struct block *block)
{
	return (struct block_limit *)block;
}

static void list_init(struct request_list *list)
{
	list->first = NULL;
	list->tail = &list->first;
}

static void list_append(struct request_list *list, struct block_request *request)
{
	request->next = NULL;
	*list->tail = request;
	list->tail = &request->next;
}

static struct block_request *list_pop(struct request_list *list)
{
	struct block_request *request = list->first;

	list->first = request->next;
	if (!list->first)
		list->tail = &list->first;
	return request;
}

static bool moves_data(const struct block_request *request)
{
	return request->op == BLOCK_READ || request->op == BLOCK_WRITE || request->op == BLOCK_WRITE_DURABLE;
}

/* Sends down what may go, and sets the timer for the rest. */
static void release(struct block_limit *limit)
{
	uint64_t now_ns = loop_timer_now_ns();
	uint64_t wait_ns, most_ns;

	bucket_fill(&limit->bytes, now_ns);
	bucket_fill(&limit->operations, now_ns);
	for (;;) {
		struct request_list *list = limit->flushes.first ? &limit->flushes : &limit->others;
		struct block_request *request = list->first;

		if (!request)
			return;
		if (!bucket_has_any(&limit->operations) || (moves_data(request) && !bucket_has_any(&limit->bytes)))
			break;
		(void)list_pop(list);
		bucket_take(&limit->operations, 1);
		if (moves_data(request))
			bucket_take(&limit->bytes, request->length);
		block_submit(limit->below, request);
	}
	wait_ns = bucket_wait_ns(&limit->operations);
	if (bucket_wait_ns(&limit->bytes) > wait_ns && !limit->flushes.first)
		wait_ns = bucket_wait_ns(&limit->bytes);
	/* A bucket that is full before the timer runs would lose what comes after. */
	most_ns = bucket_fill_ns(&limit->operations) / 2;
	if (bucket_fill_ns(&limit->bytes) / 2 < most_ns)
		most_ns = bucket_fill_ns(&limit->bytes) / 2;
	if (most_ns > MIN_WAIT_NS)
		most_ns = MIN_WAIT_NS;
	loop_timer_set(&limit->timer, wait_ns > most_ns ? wait_ns : most_ns);
}

static void limit_submit(struct block *block, struct block_request *request)
{
	struct block_limit *limit = limit_of(block);
	bool is_flush = request->op == BLOCK_FLUSH;
	bool waited = limit->flushes.first || limit->others.first;

	list_append(is_flush ? &limit->flushes : &limit->others, request);
	/* Behind others that wait there is nothing to do before the timer; but a flush goes ahead of data. */
	if (!waited || (is_flush && limit->flushes.first == request))
		release(limit);
}

static void on_timer(struct loop_timer *timer)
{
	release(container_of(timer, struct block_limit, timer));
}

static void limit_cancel(struct block *block)
{
	struct block_limit *limit = limit_of(block);
	struct request_list held[] = { limit->flushes, limit->others };

	/* Taken off first: what `done` submits anew is not among them. */
	list_init(&limit->flushes);
	list_init(&limit->others);
	loop_timer_cancel(&limit->timer);
	for (unsigned int i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
		while (held[i].first) {
			struct block_request *request = list_pop(&held[i]);

			request->done(request, -ECANCELED);
		}
	}
	block_cancel(limit->below);
}

static void copy_geometry(struct block_limit *limit)
{
	limit->block.geometry = *block_geometry(limit->below);
	/* Operations are counted as the driver makes them. */
	limit->block.geometry.merge_bytes = 0;
}

static int limit_attach(struct block *block, struct loop *loop)
{
	struct block_limit *limit = limit_of(block);
	uint64_t now_ns = loop_timer_now_ns();
	int rc;

	rc = loop_timer_init(&limit->timer, loop, on_timer);
	if (rc < 0)
		return rc;
	rc = block_attach(limit->below, loop);
	if (rc < 0) {
		loop_timer_fini(&limit->timer);
		return rc;
	}
	bucket_init(&limit->bytes, &limit->limits.bytes, now_ns);
	bucket_init(&limit->operations, &limit->limits.operations, now_ns);
	copy_geometry(limit);
	return 0;
}

static void limit_detach(struct block *block)
{
	struct block_limit *limit = limit_of(block);

	loop_timer_fini(&limit->timer);
	block_detach(limit->below);
}

static int limit_refresh(struct block *block)
{
	struct block_limit *limit = limit_of(block);
	int rc = block_refresh(limit->below);

	block->geometry.size_bytes = block_geometry(limit->below)->size_bytes;
	return rc;
}

static void limit_close(struct block *block)
{
	struct block_limit *limit = limit_of(block);

	block_close(limit->below);
	free(limit);
}

static const struct block_ops block_limit_ops = {
	.attach = limit_attach,
	.detach = limit_detach,
	.submit = limit_submit,
	.cancel = limit_cancel,
	.refresh = limit_refresh,
	.close = limit_close,
};

int block_limit_create(struct block *below, const struct block_limits *limits, struct block **out)
{
	struct block_limit *limit = calloc(1, sizeof(*limit));

	if (!limit)
		return -ENOMEM;
	limit->block.ops = &block_limit_ops;
	limit->below = below;
	copy_geometry(limit);
	snprintf(limit->block.description, sizeof(limit->block.description), "%s", block_description(below));
	limit->limits = *limits;
	list_init(&limit->flushes);
	list_init(&limit->others);
	*out = &limit->block;
	return 0;
}
