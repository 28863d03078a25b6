/* The loop's mailbox: calls and posts from any thread. */
#include <errno.h>
#include <pthread.h>

#include "vmm/base/fd.h"
#include "vmm/core/loop_engine.h"

static void post_locked(struct loop *loop, struct loop_post *item)
{
	item->queued = true;
	item->next = NULL;
	*loop->posts_tail = item;
	loop->posts_tail = &item->next;
	loop->nr_posts++;
}

void loop_post(struct loop *loop, struct loop_post *item)
{
	bool wake;

	pthread_mutex_lock(&loop->lock);
	wake = !item->queued;
	if (wake)
		post_locked(loop, item);
	pthread_mutex_unlock(&loop->lock);
	if (wake)
		fd_eventfd_signal(loop->wake.fd);
}

void loop_post_cancel(struct loop *loop, struct loop_post *item)
{
	pthread_mutex_lock(&loop->lock);
	if (item->queued) {
		struct loop_post **link = &loop->posts;

		while (*link != item)
			link = &(*link)->next;
		*link = item->next;
		if (*link == NULL)
			loop->posts_tail = link;
		loop->nr_posts--;
		item->queued = false;
	}
	pthread_mutex_unlock(&loop->lock);
}

/* Runs the posts that are queued now. One that posts itself again comes back in the next turn. */
void loop_run_posts(struct loop *loop)
{
	unsigned int nr;

	pthread_mutex_lock(&loop->lock);
	nr = loop->nr_posts;
	while (nr-- > 0 && loop->posts != NULL) {
		struct loop_post *item = loop->posts;

		loop->posts = item->next;
		if (loop->posts == NULL)
			loop->posts_tail = &loop->posts;
		loop->nr_posts--;
		item->queued = false;
		pthread_mutex_unlock(&loop->lock);
		item->call(item); /* may free itself */
		pthread_mutex_lock(&loop->lock);
	}
	pthread_mutex_unlock(&loop->lock);
}

struct loop_waiting_call {
	struct loop_post post;
	int (*call)(void *arg);
	void *arg;
	int result;
	sem_t done;
};

static void run_waiting_call(struct loop_post *post)
{
	struct loop_waiting_call *waiting = container_of(post, struct loop_waiting_call, post);

	waiting->result = waiting->call(waiting->arg);
	sem_post(&waiting->done);
}

void loop_wait_for(sem_t *sem)
{
	while (sem_wait(sem) < 0 && errno == EINTR)
		;
}

int loop_call(struct loop *loop, int (*call)(void *arg), void *arg)
{
	struct loop_waiting_call waiting = { .post.call = run_waiting_call, .call = call, .arg = arg };

	if (loop_is_current(loop))
		return call(arg);
	pthread_mutex_lock(&loop->lock);
	if (!loop->running) {
		pthread_mutex_unlock(&loop->lock);
		return call(arg);
	}
	sem_init(&waiting.done, 0, 0);
	post_locked(loop, &waiting.post);
	pthread_mutex_unlock(&loop->lock);
	fd_eventfd_signal(loop->wake.fd);
	loop_wait_for(&waiting.done);
	sem_destroy(&waiting.done);
	return waiting.result;
}
