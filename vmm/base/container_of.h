/* From a member to the struct that it is embedded in. */
#ifndef VMM_BASE_CONTAINER_OF_H
#define VMM_BASE_CONTAINER_OF_H

#include <stddef.h>

/* The `type` whose `member`, perhaps one of a member, `ptr` points to. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
