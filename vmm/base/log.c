#include "vmm/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static void stderr_sink(void *arg, enum log_level level, const char *line)
{
	char out[LINE_MAX_BYTES + 16];
	int len;

	(void)arg;
	(void)level;
	/* One write(2) a line, so that lines of several threads do not mix. The \r is for a terminal in raw mode. */
	len = snprintf(out, sizeof(out), "mote: %s%s\n", line, isatty(STDERR_FILENO) ? "\r" : "");
	if (len > 0)
		(void)!write(STDERR_FILENO, out, (size_t)len < sizeof(out) ? (size_t)len : sizeof(out) - 1);
}

static struct {
	log_sink sink;
	void *arg;
	enum log_level level;
} state = { .sink = stderr_sink, .level = LOG_WARN };

void log_set_sink(log_sink sink, void *arg)
{
	state.sink = sink ? sink : stderr_sink;
	state.arg = arg;
}

void log_set_level(enum log_level level)
{
	state.level = level;
}

bool log_wants(enum log_level level)
{
	return level <= state.level;
}

static void emit(enum log_level level, const char *format, va_list args)
{
	char line[LINE_MAX_BYTES];

	if (vsnprintf(line, sizeof(line), format, args) >= 0)
		state.sink(state.arg, level, line);
}

void log_message(enum log_level level, const char *format, ...)
{
	va_list args;

	if (level > state.level)
		return;
	va_start(args, format);
	emit(level, format, args);
	va_end(args);
}

static bool limit_allows(struct log_limit *limit)
{
	struct timespec now;
	uint64_t window;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	window = (uint64_t)now.tv_sec / LOG_GUEST_INTERVAL_S + 1;
	/* Two threads may both open a window: a few lines too many do no harm. */
	if (atomic_exchange_explicit(&limit->window_s, window, memory_order_relaxed) != window)
		atomic_store_explicit(&limit->count, 0, memory_order_relaxed);
	return atomic_fetch_add_explicit(&limit->count, 1, memory_order_relaxed) < LOG_GUEST_BURST;
}

void log_guest_message(struct log_limit *limit, const char *format, ...)
{
	va_list args;

	if (LOG_WARN > state.level || !limit_allows(limit))
		return;
	va_start(args, format);
	emit(LOG_WARN, format, args);
	va_end(args);
}
