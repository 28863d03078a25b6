/* Tasks for the end of a turn. */
#include "vmm/core/loop_engine.h"

void loop_defer(struct loop *loop, struct loop_task *task)
{
	if (task->queued)
		return;
	task->queued = true;
	task->next = NULL;
	*loop->deferred_tail = task;
	loop->deferred_tail = &task->next;
}

static bool task_unlink(struct loop_task **link, struct loop_task *task, struct loop_task ***tail)
{
	for (; *link != NULL; link = &(*link)->next) {
		if (*link != task)
			continue;
		*link = task->next;
		if (*link == NULL && tail != NULL)
			*tail = link;
		return true;
	}
	return false;
}

void loop_defer_cancel(struct loop *loop, struct loop_task *task)
{
	if (!task->queued)
		return;
	if (!task_unlink(&loop->due, task, NULL))
		(void)task_unlink(&loop->deferred, task, &loop->deferred_tail);
	task->queued = false;
}

/* Tasks that are deferred meanwhile wait for the next turn. A nested turn goes on with what the outer has left. */
void loop_run_deferred(struct loop *loop)
{
	struct loop_task **link = &loop->due;

	while (*link != NULL)
		link = &(*link)->next;
	*link = loop->deferred;
	loop->deferred = NULL;
	loop->deferred_tail = &loop->deferred;
	while (loop->due != NULL) {
		struct loop_task *task = loop->due;

		loop->due = task->next;
		task->queued = false;
		task->run(task);
	}
}
