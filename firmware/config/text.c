#include "firmware/config/text.h"

#include "firmware/core/bytes.h"

void text_begin(struct text *text, char *buf, size_t size)
{
	*text = (struct text){ .buf = buf, .size = size };
	buf[0] = '\0';
}

void text_add_bytes(struct text *text, const char *bytes, size_t len)
{
	if (len > text->size - 1 - text->len) {
		len = text->size - 1 - text->len;
		text->is_cut = true;
	}
	memcpy(text->buf + text->len, bytes, len);
	text->len += len;
	text->buf[text->len] = '\0';
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

bool text_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool text_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool text_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool text_number(const char *text, unsigned int *out)
{
	unsigned int number = 0;
	size_t len = 0;

	for (; text_is_digit(text[len]); len++) {
		if (len == 9)
			return false;
		number = number * 10 + (unsigned int)(text[len] - '0');
	}
	if (len == 0 || text[len] != '\0')
		return false;
	*out = number;
	return true;
}

bool text_begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

bool text_ends(const char *text, const char *with)
{
	size_t len = strlen(text);
	size_t tail = strlen(with);

	return len >= tail && strcmp(text + len - tail, with) == 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_equal_fold(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

bool text_glob(const char *pattern, const char *text)
{
	const char *star = NULL; /* the last one passed: only that one ever needs to take more */
	const char *taken = NULL; /* where what follows the star was tried last */

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			taken = text;
		} else if (*pattern == '?' || lower(*pattern) == lower(*text)) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++taken;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

char *text_line(char **rest)
{
	char *line = *rest;
	char *end = line;

	if (*line == '\0')
		return NULL;
	while (*end != '\0' && *end != '\n')
		end++;
	*rest = *end == '\0' ? end : end + 1;
	while (end > line && text_is_space(end[-1]))
		end--;
	*end = '\0';
	while (text_is_space(*line))
		line++;
	return line;
}

char *text_word(char **rest)
{
	char *word = *rest;
	char *end;

	while (text_is_space(*word))
		word++;
	if (*word == '\0')
		return NULL;
	for (end = word; *end != '\0' && !text_is_space(*end);)
		end++;
	*rest = *end == '\0' ? end : end + 1;
	*end = '\0';
	return word;
}
