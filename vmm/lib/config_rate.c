#include "vmm/lib/config_rate.h"

#include <errno.h>
#include <inttypes.h>

#include "vmm/base/log.h"

/* What a token bucket holds if nothing is said: what this part of a second brings. */
#define DEFAULT_BURST_PER_SECOND 10

int config_rate_build(const char *owner, const char *word, const char *unit, uint64_t per_second, uint64_t burst,
		      struct bucket_rate *out)
{
	if (per_second > BUCKET_MAX_RATE) {
		log_error("%s: %s=%" PRIu64 " is no limit that mote can keep: at most %" PRIu64 " %s a second", owner,
			  word, per_second, BUCKET_MAX_RATE, unit);
		return -EINVAL;
	}
	if (burst > BUCKET_MAX_BURST) {
		log_error("%s: a burst of %" PRIu64 " %s is too much: at most %" PRIu64 " are possible", owner, burst,
			  unit, BUCKET_MAX_BURST);
		return -EINVAL;
	}
	if (burst > 0 && per_second == 0) {
		log_error("%s: a burst of %" PRIu64 " %s needs a rate: %s=RATE:BURST", owner, burst, unit, word);
		return -EINVAL;
	}
	if (burst == 0)
		burst = per_second < DEFAULT_BURST_PER_SECOND ? 1 : per_second / DEFAULT_BURST_PER_SECOND;
	*out = (struct bucket_rate){ .per_second = per_second, .burst = burst };
	return 0;
}
