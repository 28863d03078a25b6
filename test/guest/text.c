#include "test/guest/text.h"

void *memcpy(void *dst, const void *src, size_t len)
{
	void *start = dst;

	__asm__ volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(len) : : "memory");
	return start;
}

void *memmove(void *dst, const void *src, size_t len)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	if (d <= s || d >= s + len)
		return memcpy(dst, src, len);
	while (len-- > 0)
		d[len] = s[len];
	return dst;
}

void *memset(void *dst, int value, size_t len)
{
	void *start = dst;

	__asm__ volatile("rep stosb" : "+D"(dst), "+c"(len) : "a"(value) : "memory");
	return start;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < len; i++) {
		if (x[i] != y[i])
			return x[i] - y[i];
	}
	return 0;
}

size_t strlen(const char *s)
{
	size_t len = 0;

	while (s[len] != '\0')
		len++;
	return len;
}

int strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

bool option_get(const char *line, const char *name, char *value, size_t size)
{
	size_t len = strlen(name);

	while (*line != '\0') {
		if (memcmp(line, name, len) == 0 && line[len] == '=') {
			line += len + 1;
			while (*line != '\0' && *line != ' ' && size > 1) {
				*value++ = *line++;
				size--;
			}
			*value = '\0';
			return true;
		}
		while (*line != '\0' && *line != ' ')
			line++;
		while (*line == ' ')
			line++;
	}
	return false;
}

uint64_t option_number(const char *line, const char *name, uint64_t absent)
{
	char value[24];
	uint64_t number = 0;

	if (!option_get(line, name, value, sizeof(value)))
		return absent;
	for (const char *p = value; *p >= '0' && *p <= '9'; p++)
		number = number * 10 + (uint64_t)(*p - '0');
	return number;
}
