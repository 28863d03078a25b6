/* What a loop waits for and sends requests to: events, polls and files, each in a slot of one table. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "vmm/base/log.h"
#include "vmm/core/loop_engine.h"

static int slot_take(struct loop *loop, int fd)
{
	for (unsigned int i = 0; i < loop->nr_slots; i++) {
		int rc;

		if (loop->slots[i] >= 0)
			continue;
		loop->slots[i] = fd;
		rc = loop->up ? loop->ops->slot_changed(loop, i) : 0;
		if (rc < 0) {
			loop->slots[i] = -1;
			return rc;
		}
		return (int)i;
	}
	return -ENOSPC;
}

static void slot_give(struct loop *loop, int slot)
{
	loop->slots[slot] = -1;
	loop->slot_direct[slot] = false;
	memset(loop->cached[slot], 0, sizeof(loop->cached[slot]));
	/* Emptying a slot needs no memory; if the kernel refused, the slot would only keep the old file until its next
	 * use. */
	if (loop->up)
		(void)!loop->ops->slot_changed(loop, (unsigned int)slot);
}

static void source_link(struct loop_source **list, struct loop_source *source)
{
	source->armed = false;
	source->next = *list;
	if (source->next != NULL)
		source->next->link = &source->next;
	source->link = list;
	*list = source;
}

static void source_unlink(struct loop_source *source)
{
	*source->link = source->next;
	if (source->next != NULL)
		source->next->link = source->link;
	source->link = NULL;
}

int loop_event_add(struct loop *loop, struct loop_event *event)
{
	int rc = slot_take(loop, event->fd);

	if (rc < 0)
		return rc;
	event->source.slot = rc;
	source_link(&loop->events, &event->source);
	if (loop->up && !loop->stopping) {
		rc = loop->ops->event_arm(loop, event);
		if (rc < 0) {
			source_unlink(&event->source);
			slot_give(loop, event->source.slot);
			return rc;
		}
	}
	return 0;
}

void loop_event_remove(struct loop *loop, struct loop_event *event)
{
	if (event->source.link == NULL)
		return;
	if (event->source.armed)
		loop->ops->event_disarm(loop, event);
	source_unlink(&event->source);
	slot_give(loop, event->source.slot);
}

int loop_poll_add(struct loop *loop, struct loop_poll *poll)
{
	int rc = slot_take(loop, poll->fd);

	if (rc < 0)
		return rc;
	poll->source.slot = rc;
	source_link(&loop->polls, &poll->source);
	if (loop->up && !loop->stopping && poll->events != 0) {
		rc = loop->ops->poll_arm(loop, poll);
		if (rc < 0) {
			source_unlink(&poll->source);
			slot_give(loop, poll->source.slot);
			return rc;
		}
	}
	return 0;
}

void loop_poll_update(struct loop *loop, struct loop_poll *poll, uint32_t events)
{
	if (poll->events == events)
		return;
	if (poll->source.armed)
		loop->ops->poll_disarm(loop, poll);
	poll->events = events;
	if (poll->source.link == NULL || !loop->up || loop->stopping || events == 0)
		return;
	/* It was armed before, so nothing but memory can be lacking. */
	if (loop->ops->poll_arm(loop, poll) < 0)
		log_error("%s: a descriptor can't be polled any more: out of memory", loop->name);
}

void loop_poll_remove(struct loop *loop, struct loop_poll *poll)
{
	if (poll->source.link == NULL)
		return;
	if (poll->source.armed)
		loop->ops->poll_disarm(loop, poll);
	source_unlink(&poll->source);
	slot_give(loop, poll->source.slot);
}

int loop_file_register(struct loop *loop, int fd)
{
	int flags = fcntl(fd, F_GETFL);
	int slot;

	if (flags < 0)
		return -errno;
	slot = slot_take(loop, fd);
	if (slot >= 0)
		loop->slot_direct[slot] = (flags & O_DIRECT) != 0;
	return slot;
}

void loop_file_unregister(struct loop *loop, int index)
{
	if (index >= 0)
		slot_give(loop, index);
}

void loop_disarm_sources(struct loop *loop)
{
	for (struct loop_source *s = loop->events; s != NULL; s = s->next)
		if (s->armed && s != &loop->wake.source)
			loop->ops->event_disarm(loop, container_of(s, struct loop_event, source));
	for (struct loop_source *s = loop->polls; s != NULL; s = s->next)
		if (s->armed)
			loop->ops->poll_disarm(loop, container_of(s, struct loop_poll, source));
}

int loop_arm_sources(struct loop *loop)
{
	int rc = 0;

	for (struct loop_source *s = loop->events; s != NULL && rc == 0; s = s->next)
		rc = loop->ops->event_arm(loop, container_of(s, struct loop_event, source));
	for (struct loop_source *s = loop->polls; s != NULL && rc == 0; s = s->next) {
		struct loop_poll *poll = container_of(s, struct loop_poll, source);

		if (poll->events != 0)
			rc = loop->ops->poll_arm(loop, poll);
	}
	return rc;
}
