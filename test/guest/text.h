/* The C library's functions that a compiler expects to find, and the few that the guest uses. */
#ifndef TEST_GUEST_TEXT_H
#define TEST_GUEST_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *dst, const void *src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

/* Whether a command line of words separated by spaces holds NAME=value; copies the value, cut to `size` - 1 bytes. */
bool option_get(const char *line, const char *name, char *value, size_t size);
/* The number of option NAME=number, or `absent`. */
uint64_t option_number(const char *line, const char *name, uint64_t absent);

#endif
