#include "virtio/dev/blk_hold.h"

#include <errno.h>
#include <stddef.h>

#include "virtio/dev/blk_request.h"
#include "vmm/base/container_of.h"

#define RETRY_NS UINT64_C(1000000000)

static void list_init(struct blk_hold *hold)
{
	hold->first = NULL;
	hold->tail = &hold->first;
}

struct blk_request *blk_hold_pop(struct blk_hold *hold)
{
	struct blk_request *request = hold->first;

	if (!request)
		return NULL;
	hold->first = request->next;
	if (!hold->first)
		hold->tail = &hold->first;
	return request;
}

/* In the order in which they failed. Completions come later, so that none can join the list meanwhile. */
static void on_timer(struct loop_timer *timer)
{
	struct blk_hold *hold = container_of(timer, struct blk_hold, timer);
	struct blk_request *request;

	while ((request = blk_hold_pop(hold)))
		hold->retry(request);
}

int blk_hold_init(struct blk_hold *hold, const struct blk_config *config, void (*retry)(struct blk_request *request))
{
	*hold = (struct blk_hold){ .ops = config->trouble_ops, .arg = config->trouble_arg, .retry = retry };
	list_init(hold);
	return hold->ops ? loop_timer_init(&hold->timer, config->loop, on_timer) : 0;
}

void blk_hold_fini(struct blk_hold *hold)
{
	loop_timer_fini(&hold->timer);
}

bool blk_hold_wants(const struct blk_hold *hold, int error)
{
	/* What would be refused next time too says nothing of the disk's health. */
	return hold->ops && error != -EOPNOTSUPP && error != -EINVAL && error != -EFAULT && error != -ECANCELED;
}

void blk_hold_add(struct blk_hold *hold, struct blk_request *request, const struct blk_trouble *trouble)
{
	if (!hold->first)
		loop_timer_set(&hold->timer, RETRY_NS);
	request->next = NULL;
	*hold->tail = request;
	hold->tail = &request->next;
	if (request->troubled)
		return;
	request->troubled = true;
	if (hold->nr_troubled++ == 0)
		hold->ops->began(hold->arg, trouble);
}

void blk_hold_ended(struct blk_hold *hold)
{
	if (--hold->nr_troubled > 0)
		return;
	loop_timer_cancel(&hold->timer);
	hold->ops->ended(hold->arg);
}
