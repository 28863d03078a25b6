/* Reads an entry's kernel and initrds into memory. */
#ifndef FIRMWARE_LOADER_LOAD_H
#define FIRMWARE_LOADER_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/config/entry.h"
#include "firmware/loader/kernel_check.h"

/* Memory for files. */
struct load_room {
	uint8_t *base;
	size_t size;
};

struct loaded {
	uint8_t *kernel; /* at the room's start */
	size_t kernel_bytes;
	struct kernel_facts facts;
	uint8_t *initrd; /* at the room's end, page-aligned; what lies between the two is free */
	size_t initrd_bytes; /* 0: none */
};

/* 0, or an error with what is wrong in `why`: one sentence. `kernel_is_read`, if not NULL, is called when of *out only
 * the initrd's bytes are not there yet. */
__attribute__((warn_unused_result)) int load_entry(const struct entry *entry, const struct load_room *room,
						   struct loaded *out, void (*kernel_is_read)(void), char *why,
						   size_t why_size);

#endif
