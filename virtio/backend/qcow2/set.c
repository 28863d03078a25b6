#include "virtio/backend/qcow2/set.h"

#include <errno.h>
#include <stdlib.h>

#define MIN_SLOTS 64

void qcow2_set_fini(struct qcow2_set *set)
{
	free(set->slots);
	*set = (struct qcow2_set){ 0 };
}

static void insert(struct qcow2_set *set, uint64_t slot)
{
	size_t at = qcow2_set_hash(set, slot - 1);

	while (set->slots[at] != 0)
		at = (at + 1) & set->mask;
	set->slots[at] = slot;
	set->nr++;
}

/* Kept at most half full. */
static int grow(struct qcow2_set *set)
{
	size_t nr_slots = set->slots == NULL ? MIN_SLOTS : 2 * (set->mask + 1);
	struct qcow2_set larger = { .slots = calloc(nr_slots, sizeof(*set->slots)), .mask = nr_slots - 1 };

	if (larger.slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; set->slots != NULL && i <= set->mask; i++)
		if (set->slots[i] != 0)
			insert(&larger, set->slots[i]);
	free(set->slots);
	*set = larger;
	return 0;
}

int qcow2_set_add(struct qcow2_set *set, uint64_t number)
{
	if (qcow2_set_has(set, number))
		return 0;
	if (set->slots == NULL || set->nr >= (set->mask + 1) / 2) {
		int rc = grow(set);

		if (rc < 0)
			return rc;
	}
	insert(set, number + 1);
	return 1;
}

void qcow2_set_remove(struct qcow2_set *set, uint64_t number)
{
	size_t hole, at;

	if (!qcow2_set_has(set, number))
		return;
	for (hole = qcow2_set_hash(set, number); set->slots[hole] != number + 1; hole = (hole + 1) & set->mask)
		;
	/* What a later search would not find behind the hole moves into it. */
	for (at = (hole + 1) & set->mask; set->slots[at] != 0; at = (at + 1) & set->mask) {
		size_t home = qcow2_set_hash(set, set->slots[at] - 1);

		if (((at - home) & set->mask) >= ((at - hole) & set->mask)) {
			set->slots[hole] = set->slots[at];
			hole = at;
		}
	}
	set->slots[hole] = 0;
	set->nr--;
}
