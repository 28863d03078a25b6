/* Requests on their way to an engine and back. */
#include <errno.h>

#include "vmm/core/loop_engine.h"

void loop_io_list_init(struct loop_io_list *list)
{
	list->head = NULL;
	list->tail = &list->head;
	list->nr = 0;
}

void loop_io_list_push(struct loop_io_list *list, struct loop_io *io)
{
	io->next = NULL;
	*list->tail = io;
	list->tail = &io->next;
	list->nr++;
}

struct loop_io *loop_io_list_pop(struct loop_io_list *list)
{
	struct loop_io *io = list->head;

	if (io != NULL) {
		list->head = io->next;
		if (list->head == NULL)
			list->tail = &list->head;
		list->nr--;
	}
	return io;
}

void loop_io_complete(struct loop *loop, struct loop_io *io, int result)
{
	loop->in_flight--;
	io->done(io, result);
}

void loop_io_complete_later(struct loop *loop, struct loop_io *io, int result)
{
	io->result = result;
	loop_io_list_push(&loop->finished, io);
}

/* False if there is no room before the next turn. */
static bool start(struct loop *loop, struct loop_io *io)
{
	if (io->op == LOOP_IO_CALL) {
		loop_worker_submit(loop, io);
		return true;
	}
	switch (loop_cached_try(loop, io)) {
	case CACHED_DONE:
		return true;
	case CACHED_LATER:
		return false;
	case CACHED_NOT:
		break;
	}
	return loop->ops->io_start(loop, io);
}

void loop_io_submit(struct loop *loop, struct loop_io *io)
{
	loop->in_flight++;
	if (loop->stopping) {
		loop_io_complete_later(loop, io, -ECANCELED);
		return;
	}
	if (io->op == LOOP_IO_NOP) {
		loop_io_complete_later(loop, io, 0);
		return;
	}
	if (io->op != LOOP_IO_CALL &&
	    (io->file < 0 || (unsigned int)io->file >= loop->nr_slots || loop->slots[io->file] < 0)) {
		loop_io_complete_later(loop, io, -EBADF);
		return;
	}
	/* A backlog goes first. */
	if (!loop->up || loop->backlog.head != NULL || !start(loop, io))
		loop_io_list_push(&loop->backlog, io);
}

void loop_start_backlog(struct loop *loop)
{
	struct loop_io *io;

	while ((io = loop_io_list_pop(&loop->backlog)) != NULL) {
		if (start(loop, io))
			continue;
		/* Back to the front, where it was. */
		io->next = loop->backlog.head;
		if (io->next == NULL)
			loop->backlog.tail = &io->next;
		loop->backlog.head = io;
		loop->backlog.nr++;
		return;
	}
}

/* Completes what is on the list now. What a `done` finishes at once waits for the next turn. */
void loop_complete_finished(struct loop *loop)
{
	unsigned int nr = loop->finished.nr;
	struct loop_io *io;

	while (nr-- > 0 && (io = loop_io_list_pop(&loop->finished)) != NULL)
		loop_io_complete(loop, io, io->result);
}

unsigned int loop_io_in_flight(const struct loop *loop)
{
	return loop->in_flight;
}
