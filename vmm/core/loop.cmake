# The event loop, its engines, and the streams that run on it.
set(MOTE_LOOP_SOURCES
	loop.c
	loop_aio.c
	loop_cached.c
	loop_epoll.c
	loop_io.c
	loop_mailbox.c
	loop_source.c
	loop_task.c
	loop_timer.c
	loop_uring.c
	loop_uring_setup.c
	loop_watch.c
	loop_worker.c
	stream.c)

# Debian 12's shared liburing lacks io_uring_register_restrictions() and io_uring_enable_rings(); its archive has them.
find_library(MOTE_URING_ARCHIVE NAMES liburing.a REQUIRED)
set(MOTE_URING ${MOTE_URING_ARCHIVE})
