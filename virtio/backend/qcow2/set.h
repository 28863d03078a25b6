/* A set of cluster numbers, as a hash table with open addressing. */
#ifndef VIRTIO_BACKEND_QCOW2_SET_H
#define VIRTIO_BACKEND_QCOW2_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero is a valid empty set. */
struct qcow2_set {
	uint64_t *slots; /* number + 1; 0: free */
	size_t nr, mask;
};

void qcow2_set_fini(struct qcow2_set *set);
/* 1 if the number is new, 0 if it was there, -ENOMEM. */
__attribute__((warn_unused_result)) int qcow2_set_add(struct qcow2_set *set, uint64_t number);
/* Takes the number out, if it is there. */
void qcow2_set_remove(struct qcow2_set *set, uint64_t number);

static inline size_t qcow2_set_hash(const struct qcow2_set *set, uint64_t number)
{
	return (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 20) & set->mask;
}

static inline bool qcow2_set_has(const struct qcow2_set *set, uint64_t number)
{
	size_t at;

	if (set->nr == 0)
		return false;
	for (at = qcow2_set_hash(set, number); set->slots[at] != 0; at = (at + 1) & set->mask)
		if (set->slots[at] == number + 1)
			return true;
	return false;
}

#endif
