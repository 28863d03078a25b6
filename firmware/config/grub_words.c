#include "firmware/config/grub_script.h"

#include "firmware/core/bytes.h"
#include "firmware/core/print.h"

void grub_charge(struct grub *grub, size_t cost)
{
	if (cost <= grub->budget) {
		grub->budget -= cost;
	} else {
		grub->budget = 0;
		grub_end(grub, "takes too long");
	}
}

/* Of words; a carriage return is one at the end of a line. */
static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_separator(char c)
{
	return c == '\n' || c == ';' || c == '|' || c == '&';
}

static bool is_name(char c)
{
	return text_is_letter(c) || text_is_digit(c) || c == '_';
}

static void skip_comment(struct grub_cursor *cursor)
{
	while (cursor->at < cursor->end && *cursor->at != '\n')
		cursor->at++;
}

static bool at_continued_line(const struct grub_cursor *cursor)
{
	return cursor->end - cursor->at >= 2 && cursor->at[0] == '\\' && cursor->at[1] == '\n';
}

void grub_skip_blanks(struct grub *grub, struct grub_cursor *cursor)
{
	const char *from = cursor->at;

	while (cursor->at < cursor->end) {
		if (is_blank(*cursor->at))
			cursor->at++;
		else if (at_continued_line(cursor))
			cursor->at += 2;
		else if (*cursor->at == '#')
			skip_comment(cursor);
		else
			break;
	}
	grub_charge(grub, (size_t)(cursor->at - from) + 1);
}

void grub_skip_separators(struct grub *grub, struct grub_cursor *cursor)
{
	for (;;) {
		grub_skip_blanks(grub, cursor);
		if (cursor->at == cursor->end || !is_separator(*cursor->at))
			return;
		cursor->at++;
	}
}

bool grub_is_command_end(const struct grub_cursor *cursor)
{
	return cursor->at == cursor->end || is_separator(*cursor->at) || *cursor->at == '}';
}

static void put(struct grub_words *words, const char *bytes, size_t len)
{
	if (words == NULL)
		return;
	words->is_open = true;
	text_add_bytes(&words->text, bytes, len);
}

static void close_word(struct grub_words *words)
{
	if (words == NULL || !words->is_open)
		return;
	words->is_open = false;
	words->nr++;
	text_add_bytes(&words->text, "", 1);
}

/* A variable's value: outside of quotes its blanks separate words. */
static void put_value(struct grub *grub, struct grub_words *words, const char *value, bool is_quoted)
{
	size_t len = strlen(value);

	grub_charge(grub, len);
	if (is_quoted) {
		put(words, value, len);
		return;
	}
	for (; *value != '\0'; value++) {
		if (is_blank(*value) || *value == '\n')
			close_word(words);
		else
			put(words, value, 1);
	}
}

static void put_arguments(struct grub *grub, struct grub_words *words, bool is_quoted)
{
	for (unsigned int i = 0; i < grub->nr_arguments; i++) {
		if (i > 0)
			put_value(grub, words, " ", is_quoted);
		put_value(grub, words, grub->arguments[i], is_quoted);
	}
}

static void put_special(struct grub *grub, struct grub_words *words, char name, bool is_quoted)
{
	char digits[12];
	unsigned int nr = (unsigned int)(name - '0');

	if (name == '*' || name == '@') {
		put_arguments(grub, words, is_quoted);
	} else if (name == '?' || name == '#') {
		(void)print_to(digits, sizeof(digits), "%u",
			       name == '?' ? (unsigned int)grub->status : grub->nr_arguments);
		put_value(grub, words, digits, is_quoted);
	} else if (nr >= 1 && nr <= grub->nr_arguments) {
		put_value(grub, words, grub->arguments[nr - 1], is_quoted);
	}
}

/* Takes $name, ${name} and the like; a dollar that begins nothing of the kind stands for itself. */
static void take_variable(struct grub *grub, struct grub_cursor *cursor, struct grub_words *words, bool is_quoted)
{
	struct grub_cursor name = { .at = cursor->at + 1, .end = cursor->end };
	bool is_braced = name.at < name.end && *name.at == '{';
	const char *end;

	name.at += is_braced;
	for (end = name.at; end < name.end && is_name(*end) && (is_braced || !text_is_digit(*name.at));)
		end++;
	if (end == name.at && end < name.end && (text_is_digit(*end) || strchr("?#*@", *end) != NULL) && *end != '\0')
		end++;
	if (end == name.at || (is_braced && (end == name.end || *end != '}'))) {
		/* $"text" is one to be translated: its quotes follow. */
		if (is_quoted || name.at == name.end || (*name.at != '"' && *name.at != '\''))
			put(words, "$", 1);
		cursor->at++;
		return;
	}
	cursor->at = end + is_braced;
	if (words == NULL)
		return;
	if (is_name(*name.at) && !text_is_digit(*name.at))
		put_value(grub, words, grub_get(grub, name.at, (size_t)(end - name.at)), is_quoted);
	else
		put_special(grub, words, *name.at, is_quoted);
}

static void take_single_quotes(struct grub_cursor *cursor, struct grub_words *words)
{
	const char *from = ++cursor->at;

	while (cursor->at < cursor->end && *cursor->at != '\'')
		cursor->at++;
	put(words, from, (size_t)(cursor->at - from));
	cursor->at += cursor->at < cursor->end;
}

static void take_double_quotes(struct grub *grub, struct grub_cursor *cursor, struct grub_words *words)
{
	put(words, "", 0);
	cursor->at++;
	while (cursor->at < cursor->end && *cursor->at != '"') {
		if (at_continued_line(cursor)) {
			cursor->at += 2;
		} else if (*cursor->at == '$') {
			take_variable(grub, cursor, words, true);
		} else {
			if (*cursor->at == '\\' && cursor->end - cursor->at >= 2 &&
			    strchr("$\"\\", cursor->at[1]) != NULL)
				cursor->at++;
			put(words, cursor->at++, 1);
		}
	}
	cursor->at += cursor->at < cursor->end;
}

void grub_take_word(struct grub *grub, struct grub_cursor *cursor, struct grub_words *words)
{
	const char *from = cursor->at;

	while (cursor->at < cursor->end && !is_blank(*cursor->at) && !is_separator(*cursor->at) && *cursor->at != '{' &&
	       *cursor->at != '}') {
		if (at_continued_line(cursor)) {
			cursor->at += 2;
			continue;
		}
		switch (*cursor->at) {
		case '\'':
			take_single_quotes(cursor, words);
			break;
		case '"':
			take_double_quotes(grub, cursor, words);
			break;
		case '$':
			take_variable(grub, cursor, words, false);
			break;
		case '\\':
			cursor->at += cursor->end - cursor->at >= 2;
			/* fall through */
		default:
			put(words, cursor->at++, 1);
			break;
		}
	}
	close_word(words);
	grub_charge(grub, (size_t)(cursor->at - from));
}

struct grub_cursor grub_take_block(struct grub *grub, struct grub_cursor *cursor)
{
	struct grub_cursor block = { .at = cursor->at + 1, .end = cursor->end };
	unsigned int depth = 0;

	for (;;) {
		grub_skip_separators(grub, cursor);
		if (cursor->at == cursor->end)
			return block;
		if (*cursor->at == '}' && --depth == 0)
			break;
		if (*cursor->at == '{')
			depth++;
		if (*cursor->at == '{' || *cursor->at == '}')
			cursor->at++;
		else
			grub_take_word(grub, cursor, NULL);
	}
	block.end = cursor->at++;
	return block;
}

/* The scratch area has a byte behind its size, so that there is always room for a text's NUL. */
void grub_words_begin(struct grub *grub, struct grub_words *words)
{
	struct arena *scratch = &grub->scratch;

	*words = (struct grub_words){ 0 };
	text_begin(&words->text, (char *)scratch->base + scratch->used, scratch->size - scratch->used + 1);
}

char **grub_words_end(struct grub *grub, struct grub_words *words)
{
	struct arena *scratch = &grub->scratch;
	size_t taken = (words->text.len + 1 + 15) & ~(size_t)15;
	char *at = words->text.buf;
	char **list = NULL;

	/* The words lie there already: they are counted as used, not allocated, which would clear them. */
	if (!words->text.is_cut && taken <= scratch->size - scratch->used) {
		scratch->used += taken;
		list = arena_alloc(scratch, ((size_t)words->nr + 1) * sizeof(*list));
	}
	if (list == NULL) {
		grub_end(grub, "has a command that is too long");
		return NULL;
	}
	for (unsigned int i = 0; i < words->nr; i++) {
		list[i] = at;
		at += strlen(at) + 1;
	}
	return list;
}
