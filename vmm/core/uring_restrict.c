#include "vmm/core/uring_restrict.h"

#include <assert.h>

int uring_restrict(struct io_uring *ring, const struct uring_limits *limits)
{
	struct io_uring_restriction res[URING_MAX_RESTRICTIONS] = { 0 };
	unsigned int nr = 0;

	assert(limits->nr_operations + limits->nr_registrations + 2 <= URING_MAX_RESTRICTIONS);
	for (unsigned int i = 0; i < limits->nr_operations; i++) {
		res[nr].opcode = IORING_RESTRICTION_SQE_OP;
		res[nr++].sqe_op = limits->operations[i];
	}
	for (unsigned int i = 0; i < limits->nr_registrations; i++) {
		res[nr].opcode = IORING_RESTRICTION_REGISTER_OP;
		res[nr++].register_op = limits->registrations[i];
	}
	res[nr].opcode = IORING_RESTRICTION_SQE_FLAGS_REQUIRED;
	res[nr++].sqe_flags = limits->sqe_flags;
	res[nr].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
	res[nr++].sqe_flags = limits->sqe_flags;
	return io_uring_register_restrictions(ring, res, nr);
}
