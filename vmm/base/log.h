/* What mote says to its user: one line a message, through one sink. */
#ifndef VMM_BASE_LOG_H
#define VMM_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_ERROR, /* the operation failed: what was asked, what was found, what to do */
	LOG_WARN, /* it goes on, but not as the user may expect */
	LOG_INFO, /* --verbose: choices made and facts found */
	LOG_DEBUG, /* for whoever works on mote */
};

/* Called with one line without a newline. May be called on any thread, by several at once. */
typedef void (*log_sink)(void *arg, enum log_level level, const char *line);

/* Sends lines up to and including `level` to `sink`; NULL restores the default, "mote: line" on stderr.
 * Call before other threads start. */
void log_set_sink(log_sink sink, void *arg);
void log_set_level(enum log_level level);
/* Whether lines of this level reach the sink. Any thread. */
bool log_wants(enum log_level level);

/* Formats one line, without a newline, and hands it to the sink if `level` is let through. Any thread. */
void log_message(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_message(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_message(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_message(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_message(LOG_DEBUG, __VA_ARGS__)

/* How often a guest may make one place of the code speak: a burst, then once in LOG_GUEST_INTERVAL_S. */
#define LOG_GUEST_BURST 5
#define LOG_GUEST_INTERVAL_S 10

struct log_limit {
	_Atomic uint64_t window_s;
	_Atomic unsigned int count;
};

/* Logs at LOG_WARN, at most as often as `limit` allows. Any thread. */
void log_guest_message(struct log_limit *limit, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A warning that a guest can trigger: the limit is the calling place's own. */
#define log_guest(...)                                                                                                 \
	do {                                                                                                           \
		static struct log_limit log_limit_here;                                                                \
		log_guest_message(&log_limit_here, __VA_ARGS__);                                                       \
	} while (0)

#endif
