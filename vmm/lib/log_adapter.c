/* Connects the inner log to the callback of libmote's user. */
#include "vmm/base/log.h"
#include "vmm/include/mote.h"

/* Written by mote_set_log(), which comes before any VM and so before any other thread. */
static struct {
	mote_log_callback callback;
	void *arg;
} user;

static const enum mote_log_level outer_level[] = {
	[LOG_ERROR] = MOTE_LOG_ERROR,
	[LOG_WARN] = MOTE_LOG_WARN,
	[LOG_INFO] = MOTE_LOG_INFO,
	[LOG_DEBUG] = MOTE_LOG_DEBUG,
};

static void pass_on(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	user.callback(user.arg, outer_level[level], line);
}

static enum log_level inner_level(enum mote_log_level level)
{
	switch (level) {
	case MOTE_LOG_ERROR:
		return LOG_ERROR;
	case MOTE_LOG_WARN:
		return LOG_WARN;
	case MOTE_LOG_INFO:
		return LOG_INFO;
	case MOTE_LOG_DEBUG:
		return LOG_DEBUG;
	}
	return LOG_WARN;
}

void mote_set_log(mote_log_callback callback, void *arg, enum mote_log_level level)
{
	user.callback = callback;
	user.arg = arg;
	log_set_sink(callback ? pass_on : NULL, NULL);
	log_set_level(inner_level(level));
}
