/* The io_uring engine's ring: made and restricted in loop_uring_setup.c, used in loop_uring.c. */
#ifndef VMM_CORE_LOOP_URING_H
#define VMM_CORE_LOOP_URING_H

#include <liburing.h>

#include "vmm/core/loop_engine.h"

struct uring {
	struct io_uring ring;
	unsigned int nr_io; /* requests that a completion will come for */
	unsigned int max_io;
	unsigned int nr_armed;
	/* A read from the page cache that is the whole batch so far: alone it is cheaper as a system call. */
	struct loop_io *lone;
};

/* As in struct loop_ops. */
int loop_uring_probe(void);
int loop_uring_up(struct loop *loop);
void loop_uring_down(struct loop *loop);

#endif
