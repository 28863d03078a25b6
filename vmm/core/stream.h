/* A byte stream between a guest's console and two host descriptors, with an optional escape key.
 *
 * Input is read ahead into a buffer, 4 KiB and then no more until the device has taken some, so a pipe's writer waits.
 * A terminal with an escape key is read on, or a guest that reads nothing could not be stopped from it. Output goes out
 * without blocking on a descriptor of the stream's own, so that O_NONBLOCK is not forced on whoever shares the
 * terminal. */
#ifndef VMM_CORE_STREAM_H
#define VMM_CORE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/core/loop.h"

/* What the escape key asked for: Ctrl-] and then a letter. */
enum stream_command {
	STREAM_COMMAND_QUIT, /* q: end the VM at once */
	STREAM_COMMAND_POWER, /* p: press the power button */
	STREAM_COMMAND_HELP, /* ? or h, and any letter that means nothing */
};

#define STREAM_ESCAPE_NONE 0
#define STREAM_ESCAPE_DEFAULT 0x1d /* Ctrl-] */

struct stream;

struct stream_config {
	int in_fd; /* -1: no input. Not made non-blocking: it may be shared with a shell. Polled, then read once. */
	int out_fd; /* -1: output is dropped */
	uint8_t escape; /* the escape key, or STREAM_ESCAPE_NONE */
	void (*command)(void *arg, enum stream_command command); /* loop's thread; may be NULL without an escape key */
	void *command_arg;
};

/* 0 or a negative errno. Control thread. The descriptors stay the caller's, and stay open until stream_destroy(). */
__attribute__((warn_unused_result)) int stream_create(struct loop *loop, const struct stream_config *config,
						      struct stream **out);
void stream_destroy(struct stream *stream);

/* The device's end. `readable` runs on the loop's thread when input waits; the device then takes as much as it has room
 * for with stream_read(), and when it had no room, asks again with stream_want_input() (any thread). `writable` runs on
 * the loop's thread once after stream_write_some() took less than it was given. */
struct stream_user {
	void (*readable)(void *arg);
	void (*writable)(void *arg); /* NULL for users of stream_write() alone */
	void *arg;
};
/* The device that `user` describes, copied; NULL for none. Input that came before waits for it. Control thread. */
void stream_attach(struct stream *stream, const struct stream_user *user);
/* The device attached now, all NULL if there is none. Control thread. */
struct stream_user stream_attached(const struct stream *stream);
/* Takes up to `len` bytes of input; 0 if none waits. Loop's thread. */
size_t stream_read(struct stream *stream, void *buf, size_t len);
void stream_want_input(struct stream *stream);

/* Writes guest output. Waits for a slow reader as a terminal line does, but not beyond stream_shutdown(); drops the
 * bytes if the reader is gone. A vCPU thread. */
void stream_write(struct stream *stream, const void *buf, size_t len);
/* Writes what goes without waiting; the number of bytes taken. Loop's thread. */
size_t stream_write_some(struct stream *stream, const void *buf, size_t len);
/* Lets every waiting and later stream_write() return at once. Any thread. */
void stream_shutdown(struct stream *stream);

#endif
