/* The few functions on bytes and strings that the firmware has, without a C library: under the same names and with the
 * same meaning as there, so that the compiler knows them and tests on the host use the host's own. */
#ifndef FIRMWARE_CORE_BYTES_H
#define FIRMWARE_CORE_BYTES_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t len);
char *strchr(const char *text, int byte);

#endif
