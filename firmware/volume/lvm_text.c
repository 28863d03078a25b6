#include "firmware/volume/lvm_text.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("_-.+/@", c) != NULL;
}

static void skip_comment(struct lvm_text *text)
{
	while (text->at < text->end && *text->at != '\n')
		text->at++;
}

/* To the next byte that is not blank; a NUL ends the text. */
static void skip_blanks(struct lvm_text *text)
{
	for (; text->at < text->end; text->at++) {
		if (*text->at == '#')
			skip_comment(text);
		if (text->at == text->end || *text->at == '\0')
			break;
		if (strchr(" \t\r\n,", *text->at) == NULL)
			return;
	}
	text->at = text->end;
}

/* Behind an opening quote: takes all up to the closing one, and that. */
static int take_string(struct lvm_text *text, struct lvm_text *out)
{
	out->at = text->at;
	for (; text->at < text->end; text->at++) {
		if (*text->at == '"') {
			out->end = text->at++;
			return 1;
		}
		if (*text->at == '\\' && text->end - text->at > 1)
			text->at++;
	}
	return FW_ECORRUPT;
}

/* Behind an opening brace or bracket: takes all up to the one that closes it, and that. */
static int take_nested(struct lvm_text *text, char open, char close, struct lvm_text *out)
{
	unsigned int depth = 1;
	struct lvm_text ignored;

	out->at = text->at;
	while (text->at < text->end) {
		char c = *text->at++;

		if (c == '#')
			skip_comment(text);
		else if (c == '"' && take_string(text, &ignored) < 0)
			break;
		else if (c == open)
			depth++;
		else if (c == close && --depth == 0) {
			out->end = text->at - 1;
			return 1;
		}
	}
	return FW_ECORRUPT;
}

static int take_word(struct lvm_text *text, struct lvm_text *out)
{
	out->at = text->at;
	while (text->at < text->end && *text->at != '\0' && is_word(*text->at))
		text->at++;
	out->end = text->at;
	return out->end > out->at ? 1 : FW_ECORRUPT;
}

int lvm_next_value(struct lvm_text *list, struct lvm_item *out)
{
	skip_blanks(list);
	if (list->at == list->end)
		return 0;
	switch (*list->at) {
	case '"':
		list->at++;
		out->kind = LVM_STRING;
		return take_string(list, &out->body);
	case '[':
		list->at++;
		out->kind = LVM_LIST;
		return take_nested(list, '[', ']', &out->body);
	default:
		out->kind = LVM_NUMBER;
		return take_word(list, &out->body);
	}
}

int lvm_next(struct lvm_text *text, struct lvm_item *out)
{
	int rc;

	skip_blanks(text);
	if (text->at == text->end)
		return 0;
	if (take_word(text, &out->name) < 0)
		return FW_ECORRUPT;
	skip_blanks(text);
	if (text->at == text->end)
		return FW_ECORRUPT;
	switch (*text->at++) {
	case '{':
		out->kind = LVM_SECTION;
		return take_nested(text, '{', '}', &out->body);
	case '=':
		rc = lvm_next_value(text, out);
		return rc == 0 ? FW_ECORRUPT : rc;
	default:
		return FW_ECORRUPT;
	}
}

bool lvm_is(struct lvm_text text, const char *expected)
{
	size_t len = strlen(expected);

	return (size_t)(text.end - text.at) == len && memcmp(text.at, expected, len) == 0;
}

bool lvm_is_same(struct lvm_text a, struct lvm_text b)
{
	return a.end - a.at == b.end - b.at && memcmp(a.at, b.at, a.end - a.at) == 0;
}

int lvm_find(struct lvm_text text, const char *name, enum lvm_item_kind kind, struct lvm_text *out)
{
	struct lvm_item item;

	while (lvm_next(&text, &item) == 1) {
		if (item.kind == kind && lvm_is(item.name, name)) {
			*out = item.body;
			return 0;
		}
	}
	return FW_ECORRUPT;
}

int lvm_number(struct lvm_text digits, uint64_t *out)
{
	uint64_t number = 0;

	if (digits.end - digits.at > 18)
		return FW_ECORRUPT;
	for (; digits.at < digits.end; digits.at++) {
		if (*digits.at < '0' || *digits.at > '9')
			return FW_ECORRUPT;
		number = number * 10 + (unsigned int)(*digits.at - '0');
	}
	*out = number;
	return 0;
}

int lvm_find_number(struct lvm_text text, const char *name, uint64_t *out)
{
	struct lvm_text digits;
	int rc = lvm_find(text, name, LVM_NUMBER, &digits);

	return rc < 0 ? rc : lvm_number(digits, out);
}
