#include "firmware/config/grub_script.h"

#include "firmware/config/places.h"
#include "firmware/core/bytes.h"

/* What is left of an expression. */
struct expression {
	struct grub *grub;
	char **words;
	unsigned int nr;
	unsigned int depth; /* of parentheses and negations */
};

#define MAX_DEPTH 16

static bool any_of(struct expression *expression);

static bool at(const struct expression *expression, const char *word)
{
	return expression->nr > 0 && strcmp(expression->words[0], word) == 0;
}

static void skip(struct expression *expression, unsigned int nr)
{
	expression->words += nr;
	expression->nr -= nr;
}

/* A number as far as it is one: a sign and digits. */
static long long number(const char *text)
{
	bool is_negative = *text == '-';
	long long value = 0;

	for (text += is_negative; text_is_digit(*text) && value < 1000000000000; text++)
		value = value * 10 + (*text - '0');
	return is_negative ? -value : value;
}

/* Comparisons: bits for less, equal and greater. */
#define LESS 1
#define EQUAL 2
#define GREATER 4

static const struct {
	char name[4];
	unsigned char accepts;
	bool of_numbers;
} comparisons[] = {
	{ "=", EQUAL, false },
	{ "==", EQUAL, false },
	{ "!=", LESS | GREATER, false },
	{ "<", LESS, false },
	{ "<=", LESS | EQUAL, false },
	{ ">", GREATER, false },
	{ ">=", GREATER | EQUAL, false },
	{ "-eq", EQUAL, true },
	{ "-ne", LESS | GREATER, true },
	{ "-lt", LESS, true },
	{ "-le", LESS | EQUAL, true },
	{ "-gt", GREATER, true },
	{ "-ge", GREATER | EQUAL, true },
};

/* A comparison of the first and third word, if the second asks for one. */
static bool compare(const struct expression *expression, bool *result)
{
	char **words = expression->words;

	if (expression->nr < 3)
		return false;
	for (unsigned int i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++) {
		long long order;

		if (strcmp(words[1], comparisons[i].name) != 0)
			continue;
		if (comparisons[i].of_numbers)
			order = number(words[0]) - number(words[2]);
		else
			order = strcmp(words[0], words[2]);
		*result = comparisons[i].accepts & (order < 0 ? LESS : order > 0 ? GREATER : EQUAL);
		return true;
	}
	return false;
}

/* -d, -e, -f and -s */
static bool test_file(struct expression *expression, char test, const char *name)
{
	struct place_file file = grub_file(expression->grub, name);
	struct fs_node node;

	if (file.where == NULL || fs_open(&file.where->fs, file.path, &node) < 0)
		return false;
	if (test == 'd' || test == 'f')
		return (test == 'd') == (node.kind == FS_DIRECTORY);
	return test == 'e' || node.size_bytes > 0;
}

static bool one(struct expression *expression)
{
	const char *word = expression->nr > 0 ? expression->words[0] : "";
	bool result = false;

	if (expression->depth == MAX_DEPTH)
		return false;
	if (compare(expression, &result)) {
		skip(expression, 3);
	} else if (word[0] == '-' && word[1] != '\0' && word[2] == '\0' && expression->nr >= 2 &&
		   strchr("defsnz", word[1]) != NULL) {
		const char *operand = expression->words[1];

		if (word[1] == 'n' || word[1] == 'z')
			result = (word[1] == 'z') == (*operand == '\0');
		else
			result = test_file(expression, word[1], operand);
		skip(expression, 2);
	} else if (at(expression, "!") || at(expression, "(")) {
		bool is_negation = word[0] == '!';

		expression->depth++;
		skip(expression, 1);
		result = is_negation ? !one(expression) : any_of(expression);
		expression->depth--;
		if (!is_negation && at(expression, ")"))
			skip(expression, 1);
	} else if (expression->nr > 0) {
		result = *word != '\0';
		skip(expression, 1);
	}
	return result;
}

static bool all_of(struct expression *expression)
{
	bool result = one(expression);

	while (at(expression, "-a")) {
		skip(expression, 1);
		result &= one(expression);
	}
	return result;
}

static bool any_of(struct expression *expression)
{
	bool result = all_of(expression);

	while (at(expression, "-o")) {
		skip(expression, 1);
		result |= all_of(expression);
	}
	return result;
}

int grub_condition(struct grub *grub, unsigned int nr, char **words)
{
	struct expression expression = { .grub = grub, .words = words, .nr = nr };

	return any_of(&expression) ? 0 : 1;
}
