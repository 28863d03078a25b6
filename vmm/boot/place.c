#include "vmm/boot/place.h"

#include <assert.h>
#include <errno.h>

#include "vmm/base/checked.h"

void place_init(struct place *place, const struct boot_request *request)
{
	*place = (struct place){ .memory = request->memory, .e820 = request->e820, .nr_e820 = request->nr_e820 };
	place_take(place, request->low_base, request->low_size_bytes);
}

void place_take(struct place *place, gpa_t base, uint64_t size_bytes)
{
	assert(place->nr_taken < PLACE_MAX_TAKEN);
	place->taken[place->nr_taken].base = base;
	place->taken[place->nr_taken].size_bytes = size_bytes;
	place->nr_taken++;
}

static bool is_ram(const struct place *place, gpa_t base, uint64_t size_bytes)
{
	for (unsigned int i = 0; i < place->nr_e820; i++) {
		const struct boot_e820 *e = &place->e820[i];

		if (e->type == BOOT_E820_RAM && range_contains(e->base, e->size_bytes, base, size_bytes))
			return guest_memory_at(place->memory, base, size_bytes) != NULL;
	}
	return false;
}

bool place_is_free(const struct place *place, gpa_t base, uint64_t size_bytes)
{
	if (!range_contains(0, PLACE_LIMIT, base, size_bytes) || !is_ram(place, base, size_bytes))
		return false;
	for (unsigned int i = 0; i < place->nr_taken; i++) {
		if (ranges_overlap(place->taken[i].base, place->taken[i].size_bytes, base, size_bytes))
			return false;
	}
	return true;
}

int place_highest(const struct place *place, uint64_t size_bytes, uint64_t align, gpa_t limit, gpa_t *base)
{
	gpa_t best = 0;
	bool found = false;

	/* The highest free range ends at the limit, at the end of RAM, or where something taken begins. */
	for (unsigned int i = 0; i < place->nr_e820 + place->nr_taken + 1; i++) {
		gpa_t end = limit;
		gpa_t at;

		if (i < place->nr_e820)
			end = place->e820[i].base + place->e820[i].size_bytes;
		else if (i < place->nr_e820 + place->nr_taken)
			end = place->taken[i - place->nr_e820].base;
		if (end > limit || end < size_bytes)
			continue;
		at = align_down(end - size_bytes, align);
		if (place_is_free(place, at, size_bytes) && (!found || at > best)) {
			best = at;
			found = true;
		}
	}
	if (!found)
		return -E2BIG;
	*base = best;
	return 0;
}

/* Counts free starts up to the `stop`th, which becomes *base. */
static uint64_t walk(const struct place *place, uint64_t size_bytes, uint64_t align, gpa_t min, uint64_t stop,
		     gpa_t *base)
{
	uint64_t nr = 0;
	gpa_t at;

	if (!checked_align_up(min, align, &at))
		return 0;
	for (; at < PLACE_LIMIT && PLACE_LIMIT - at >= size_bytes; at += align) {
		if (!place_is_free(place, at, size_bytes))
			continue;
		if (nr++ == stop) {
			*base = at;
			break;
		}
	}
	return nr;
}

uint64_t place_count(const struct place *place, uint64_t size_bytes, uint64_t align, gpa_t min)
{
	gpa_t unused;

	return walk(place, size_bytes, align, min, UINT64_MAX, &unused);
}

int place_nth(const struct place *place, uint64_t size_bytes, uint64_t align, gpa_t min, uint64_t index, gpa_t *base)
{
	return walk(place, size_bytes, align, min, index, base) == index + 1 ? 0 : -E2BIG;
}
