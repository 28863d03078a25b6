#include "firmware/core/bytes.h"

#include <stdint.h>

/* String instructions: no shorter code moves bytes, and processors do whole lines of it at a time. */

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(len) : : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t len)
{
	uint8_t *out = to;
	const uint8_t *in = from;

	if ((uintptr_t)to - (uintptr_t)from >= len)
		return memcpy(to, from, len);
	while (len-- > 0)
		out[len] = in[len];
	return to;
}

void *memset(void *to, int byte, size_t len)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(len) : "a"(byte) : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *left = a, *right = b;

	for (; len > 0; len--, left++, right++) {
		if (*left != *right)
			return *left - *right;
	}
	return 0;
}

size_t strlen(const char *text)
{
	const char *end = text;

	while (*end != '\0')
		end++;
	return (size_t)(end - text);
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t len)
{
	for (; len > 0; len--, a++, b++) {
		if (*a != *b || *a == '\0')
			return (uint8_t)*a - (uint8_t)*b;
	}
	return 0;
}

char *strchr(const char *text, int byte)
{
	for (;; text++) {
		if (*text == (char)byte)
			return (char *)(uintptr_t)text;
		if (*text == '\0')
			return NULL;
	}
}
