/* Rings that can do only what their owner does, and nothing else that somebody might get into them. */
#ifndef VMM_CORE_URING_RESTRICT_H
#define VMM_CORE_URING_RESTRICT_H

#include <liburing.h>
#include <stdint.h>

#define URING_MAX_RESTRICTIONS 16

struct uring_limits {
	const uint8_t *operations; /* IORING_OP_* */
	unsigned int nr_operations;
	const uint8_t *registrations; /* IORING_REGISTER_*, IORING_UNREGISTER_* */
	unsigned int nr_registrations;
	uint8_t sqe_flags; /* that every operation has, and no others */
};

/* Restricts a ring that is not enabled yet, to at most URING_MAX_RESTRICTIONS - 2 operations and registrations. 0 or a
 * negative errno (io_uring_register(2), IORING_REGISTER_RESTRICTIONS). */
__attribute__((warn_unused_result)) int uring_restrict(struct io_uring *ring, const struct uring_limits *limits);

#endif
