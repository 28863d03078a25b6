#include "firmware/config/version.h"

#include <stdbool.h>

#include "firmware/config/text.h"
#include "firmware/core/bytes.h"

static bool is_part(char c)
{
	return text_is_digit(c) || text_is_letter(c) || c == '~' || c == '-' || c == '^' || c == '.' || c == '\0';
}

static const char *skip(const char *at, bool (*is_kind)(char))
{
	while (is_kind(*at))
		at++;
	return at;
}

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int rc = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return rc != 0 ? rc : (a_len > b_len) - (a_len < b_len);
}

/* Takes a run of digits, or else of letters, from both. A run of digits is newer than none. */
static int compare_runs(const char **a, const char **b)
{
	bool (*is_kind)(char) = text_is_digit(**a) || text_is_digit(**b) ? text_is_digit : text_is_letter;
	const char *a_end = skip(*a, is_kind);
	const char *b_end = skip(*b, is_kind);
	const char *a_at = *a;
	const char *b_at = *b;

	*a = a_end;
	*b = b_end;
	if (is_kind == text_is_letter)
		return compare_bytes(a_at, (size_t)(a_end - a_at), b_at, (size_t)(b_end - b_at));
	if (a_at == a_end || b_at == b_end)
		return (a_at != a_end) - (b_at != b_end);
	while (*a_at == '0')
		a_at++;
	while (*b_at == '0')
		b_at++;
	if (a_end - a_at != b_end - b_at)
		return a_end - a_at > b_end - b_at ? 1 : -1;
	return compare_bytes(a_at, (size_t)(a_end - a_at), b_at, (size_t)(b_end - b_at));
}

int version_compare(const char *a, const char *b)
{
	for (;;) {
		static const char separators[] = "~-^.";
		int rc;

		while (!is_part(*a))
			a++;
		while (!is_part(*b))
			b++;
		/* '~' is older even than the end; each separator is older than what comes behind it in the list. */
		for (const char *separator = separators; *separator != '\0'; separator++) {
			bool a_has = *a == *separator;
			bool b_has = *b == *separator;

			if (a_has != b_has && (*separator == '~' || (*a != '\0' && *b != '\0')))
				return a_has ? -1 : 1;
			if (a_has && b_has) {
				a++;
				b++;
			}
			if (*separator == '~' && (*a == '\0' || *b == '\0') && *a != '~' && *b != '~')
				return (*a != '\0') - (*b != '\0');
		}
		rc = compare_runs(&a, &b);
		if (rc != 0)
			return rc;
	}
}
