#include "virtio/dev/net_limit.h"

#include "vmm/core/loop_timer.h"

/* A timer for each frame would cost more than the frame: what comes due within this time goes together. */
#define MIN_WAIT_NS UINT64_C(1000000)

void net_limit_init(struct net_limit *limit, const struct net_limits *limits)
{
	uint64_t now_ns = loop_timer_now_ns();

	limit->limits = limits->bytes.per_second != 0 || limits->packets.per_second != 0;
	pthread_mutex_init(&limit->lock, NULL);
	bucket_init(&limit->bytes, &limits->bytes, now_ns);
	bucket_init(&limit->packets, &limits->packets, now_ns);
}

void net_limit_fini(struct net_limit *limit)
{
	pthread_mutex_destroy(&limit->lock);
}

/* The lock is held, the buckets are up to date, and one of them is empty. */
static uint64_t time_until_due(const struct net_limit *limit)
{
	uint64_t wait_ns = bucket_wait_ns(&limit->bytes);
	/* A bucket that is full before the timer runs would lose what comes after. */
	uint64_t most_ns = bucket_fill_ns(&limit->packets) / 2;

	if (bucket_wait_ns(&limit->packets) > wait_ns)
		wait_ns = bucket_wait_ns(&limit->packets);
	if (bucket_fill_ns(&limit->bytes) / 2 < most_ns)
		most_ns = bucket_fill_ns(&limit->bytes) / 2;
	if (most_ns > MIN_WAIT_NS)
		most_ns = MIN_WAIT_NS;
	return wait_ns > most_ns ? wait_ns : most_ns;
}

uint64_t net_limit_wait_ns(struct net_limit *limit)
{
	uint64_t now_ns, wait_ns = 0;

	if (!limit->limits)
		return 0;
	now_ns = loop_timer_now_ns();
	pthread_mutex_lock(&limit->lock);
	/* Another pair's thread may have looked at the clock later. */
	if (now_ns > limit->bytes.filled_ns)
		bucket_fill(&limit->bytes, now_ns);
	if (now_ns > limit->packets.filled_ns)
		bucket_fill(&limit->packets, now_ns);
	if (!bucket_has_any(&limit->bytes) || !bucket_has_any(&limit->packets))
		wait_ns = time_until_due(limit);
	pthread_mutex_unlock(&limit->lock);
	return wait_ns;
}

void net_limit_take(struct net_limit *limit, uint32_t nr_bytes)
{
	if (!limit->limits)
		return;
	pthread_mutex_lock(&limit->lock);
	bucket_take(&limit->bytes, nr_bytes);
	bucket_take(&limit->packets, 1);
	pthread_mutex_unlock(&limit->lock);
}
