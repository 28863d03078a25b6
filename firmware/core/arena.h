/* Memory of the firmware: one fixed range, taken from the front, given back in reverse order. */
#ifndef FIRMWARE_CORE_ARENA_H
#define FIRMWARE_CORE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena {
	uint8_t *base;
	size_t size;
	size_t used;
};

/* `size` bytes, zeroed, 16-byte aligned; NULL if they are not there. */
__attribute__((warn_unused_result)) void *arena_alloc(struct arena *arena, size_t size);

/* The same, not zeroed, for what is filled before it is looked at. */
__attribute__((warn_unused_result)) void *arena_take(struct arena *arena, size_t size);

/* A string of `len` bytes copied into the arena, with a NUL behind; NULL if there is no room. */
__attribute__((warn_unused_result)) char *arena_text(struct arena *arena, const char *text, size_t len);

/* Gives back all that was taken since `used` was arena->used. */
void arena_release(struct arena *arena, size_t used);

#endif
