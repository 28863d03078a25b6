#include "virtio/backend/bucket.h"

#define SECOND_NS UINT64_C(1000000000)
/* More than anything has bytes: debt ends here rather than overflow. */
#define MAX_DEBT (INT64_C(1) << 62)

_Static_assert(BUCKET_MAX_RATE <= UINT64_MAX / SECOND_NS, "what a rate brings in a second fits, in 1e-9 tokens");

void bucket_init(struct bucket *bucket, const struct bucket_rate *rate, uint64_t now_ns)
{
	*bucket = (struct bucket){
		.per_second = rate->per_second,
		.size = (int64_t)rate->burst,
		.level = (int64_t)rate->burst,
		.filled_ns = now_ns,
	};
}

void bucket_fill(struct bucket *bucket, uint64_t now_ns)
{
	uint64_t elapsed_ns = now_ns - bucket->filled_ns;
	uint64_t missing = (uint64_t)(bucket->size - bucket->level);
	uint64_t seconds = elapsed_ns / SECOND_NS;
	uint64_t parts;

	if (bucket->per_second == 0)
		return;
	bucket->filled_ns = now_ns;
	if (seconds > missing / bucket->per_second) {
		bucket->level = bucket->size;
		bucket->fraction = 0;
		return;
	}
	/* At most (1e9 - 1) * rate + (1e9 - 1), which fits: see above. */
	parts = elapsed_ns % SECOND_NS * bucket->per_second + bucket->fraction;
	bucket->level += (int64_t)(seconds * bucket->per_second + parts / SECOND_NS);
	bucket->fraction = parts % SECOND_NS;
	if (bucket->level >= bucket->size) {
		bucket->level = bucket->size;
		bucket->fraction = 0;
	}
}

bool bucket_has_any(const struct bucket *bucket)
{
	return bucket->per_second == 0 || bucket->level > 0;
}

void bucket_take(struct bucket *bucket, uint64_t tokens)
{
	if (bucket->per_second == 0)
		return;
	if (tokens > (uint64_t)(bucket->level + MAX_DEBT))
		bucket->level = -MAX_DEBT;
	else
		bucket->level -= (int64_t)tokens;
}

static uint64_t time_for_ns(uint64_t tokens, uint64_t per_second)
{
	if (tokens >= per_second)
		return SECOND_NS;
	return (tokens * SECOND_NS + per_second - 1) / per_second;
}

uint64_t bucket_wait_ns(const struct bucket *bucket)
{
	if (bucket_has_any(bucket))
		return 0;
	return time_for_ns((uint64_t)(1 - bucket->level), bucket->per_second);
}

uint64_t bucket_fill_ns(const struct bucket *bucket)
{
	return bucket->per_second == 0 ? SECOND_NS : time_for_ns((uint64_t)bucket->size, bucket->per_second);
}
