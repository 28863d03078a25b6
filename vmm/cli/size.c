#include "vmm/cli/size.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>

/* strtoull(3) would take spaces, signs and, for base 0, octal: only digits are a number here. */
static int digits_parse(const char *text, const char **end, uint64_t *out)
{
	uint64_t value = 0;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return -ERANGE;
	}
	*end = text;
	*out = value;
	return 0;
}

static int suffix_shift(char suffix)
{
	switch (suffix) {
	case '\0':
		return 0;
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	case 't':
	case 'T':
		return 40;
	default:
		return -EINVAL;
	}
}

int size_parse(const char *text, uint64_t *bytes)
{
	const char *end;
	uint64_t value;
	int shift, rc;

	rc = digits_parse(text, &end, &value);
	if (rc < 0)
		return rc;
	shift = suffix_shift(*end);
	if (shift < 0 || (*end != '\0' && end[1] != '\0'))
		return -EINVAL;
	if (value > UINT64_MAX >> shift)
		return -ERANGE;
	*bytes = value << shift;
	return 0;
}

int count_parse(const char *text, unsigned int *count)
{
	const char *end;
	uint64_t value;
	int rc;

	rc = digits_parse(text, &end, &value);
	if (rc < 0)
		return rc;
	if (*end != '\0')
		return -EINVAL;
	if (value > UINT_MAX)
		return -ERANGE;
	*count = (unsigned int)value;
	return 0;
}
