#include "firmware/core/arena.h"

#include "firmware/core/bytes.h"

#define ALIGNMENT 16

void *arena_take(struct arena *arena, size_t size)
{
	size_t room = arena->size - arena->used;
	size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	uint8_t *at = arena->base + arena->used;

	if (rounded < size || rounded > room)
		return NULL;
	arena->used += rounded;
	return at;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *at = arena_take(arena, size);

	return at == NULL ? NULL : memset(at, 0, size);
}

char *arena_text(struct arena *arena, const char *text, size_t len)
{
	char *copy = len + 1 == 0 ? NULL : arena_alloc(arena, len + 1);

	if (copy != NULL)
		memcpy(copy, text, len);
	return copy;
}

void arena_release(struct arena *arena, size_t used)
{
	arena->used = used;
}
