/* Looking for work instead of sleeping: at watches always, and for a bounded time at everything.
 *
 * Theory of operation. To sleep and be woken costs the loop's thread many microseconds, and a kick costs the driver's
 * vCPU some. So before it sleeps the loop spins: it looks at the watches, and asks the engine whether a completion or a
 * signal has come. Whether that pays is learned from the spins themselves, since how long a sleep lasts says more about
 * the host's wake-ups than about when the work came: a sleep avoided earns the longest spin allowed, and spinning costs
 * what it took, found something or not, preemption included. While the account is overdrawn the loop sleeps at once,
 * and tries again after some sleeps, more of them each time it is in vain. Waits in which requests are in flight
 * and waits for a driver alone have accounts of their own: they last for very different times.
 *
 * However much the watches bring, a turn runs each of them once, and then the engine's completions have their turn. */
#include <time.h>

#include "vmm/base/thread.h"
#include "vmm/core/loop_engine.h"

#define POLL_MAX_US 10000
/* Looks between two looks at the clock, which takes as long as they. */
#define POLL_LOOKS 8
/* What an account holds at most, in longest spins. */
#define POLL_MAX_CREDIT 8
/* Sleeps before another try. */
#define POLL_MIN_SKIP 4
#define POLL_MAX_SKIP 256
/* Sleeps that a watch without work sees before it is forgotten. */
#define WATCH_MAX_IDLE 8

uint64_t loop_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#endif
}

/* --- watches --- */

void loop_watch_add(struct loop *loop, struct loop_watch *watch)
{
	watch->nr_idle = 0;
	if (watch->link != NULL)
		return;
	watch->looked_at = 0;
	watch->next = loop->watches;
	if (watch->next != NULL)
		watch->next->link = &watch->next;
	watch->link = &loop->watches;
	loop->watches = watch;
}

void loop_watch_remove(struct loop *loop, struct loop_watch *watch)
{
	(void)loop;
	if (watch->link == NULL)
		return;
	*watch->link = watch->next;
	if (watch->next != NULL)
		watch->next->link = watch->link;
	watch->link = NULL;
}

static bool any_ready(const struct loop *loop)
{
	for (struct loop_watch *w = loop->watches; w != NULL; w = w->next)
		if (w->ready(w))
			return true;
	return false;
}

/* Runs those that `found` names, each once. What runs may remove any watch, so the walk starts over after each. */
static bool run_watches(struct loop *loop, bool (*found)(struct loop_watch *watch))
{
	uint64_t look = ++loop->nr_looks;
	struct loop_watch *w = loop->watches;
	bool any = false;

	while (w != NULL) {
		bool run = w->looked_at != look && found(w);

		w->looked_at = look;
		if (run) {
			any = true;
			w->nr_idle = 0;
			w->run(w);
			w = loop->watches;
		} else {
			w = w->next;
		}
	}
	return any;
}

static bool is_ready(struct loop_watch *watch)
{
	return watch->ready(watch);
}

static bool rest(struct loop_watch *watch)
{
	return watch->rest(watch);
}

bool loop_look(struct loop *loop)
{
	return !loop->stopping && run_watches(loop, is_ready);
}

bool loop_rest(struct loop *loop)
{
	if (loop->stopping)
		return false;
	return run_watches(loop, rest);
}

/* --- spinning --- */

void loop_spin_init(struct loop *loop, const struct loop_config *config)
{
	unsigned int poll_us = config->poll_us < POLL_MAX_US ? config->poll_us : POLL_MAX_US;
	bool may = !config->poll_spare || thread_nr_cpus() > config->nr_busy_cpus;

	loop->poll_max_ns = may ? poll_us * 1000 : 0;
}

/* Whether something comes in time; `spent` is what that took. */
static bool spin_for(struct loop *loop, uint64_t max_ns, uint64_t *spent)
{
	uint64_t since = loop_now_ns();
	bool found = false;

	do {
		for (unsigned int i = 0; i < POLL_LOOKS && !found; i++) {
			relax();
			found = loop->ops->pending(loop) || any_ready(loop);
		}
		*spent = loop_now_ns() - since;
	} while (!found && *spent < max_ns);
	return found;
}

static void settle(struct loop_account *account, int64_t earned_ns, int64_t max_ns)
{
	account->credit_ns += earned_ns;
	if (account->credit_ns > POLL_MAX_CREDIT * max_ns)
		account->credit_ns = POLL_MAX_CREDIT * max_ns;
	if (account->credit_ns >= 0) {
		/* By steps, as it grew: where every other spin is in vain, none of them pays. */
		if (earned_ns > 0)
			account->backoff /= 2;
		return;
	}
	account->credit_ns = 0;
	account->backoff = account->backoff < POLL_MIN_SKIP ? POLL_MIN_SKIP : account->backoff * 2;
	if (account->backoff > POLL_MAX_SKIP)
		account->backoff = POLL_MAX_SKIP;
	account->skip = account->backoff;
}

bool loop_spin(struct loop *loop)
{
	bool for_requests = loop->in_flight > 0;
	struct loop_account *account = &loop->accounts[for_requests];
	/* A driver's kick costs its vCPU as well, and it comes soon or not at all; a disk's interrupt costs nobody
	 * else. */
	uint32_t max_ns = for_requests ? loop->poll_max_ns / 2 : loop->poll_max_ns;
	uint64_t spent;
	bool found;

	if (loop->poll_max_ns == 0)
		return false;
	if (account->skip > 0) {
		account->skip--;
		return false;
	}
	if (loop->ops->pending(loop))
		return true;
	found = spin_for(loop, max_ns, &spent);
	settle(account, (found ? (int64_t)max_ns : 0) - (int64_t)spent, max_ns);
	return found;
}

void loop_woken(struct loop *loop)
{
	struct loop_watch *next;

	if (loop->stopping)
		return;
	for (struct loop_watch *w = loop->watches; w != NULL; w = next) {
		next = w->next;
		if (w->nr_idle++ >= WATCH_MAX_IDLE)
			loop_watch_remove(loop, w);
		else
			w->wake(w);
	}
}
