#include "vmm/cli/option_words.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "vmm/cli/say.h"
#include "vmm/cli/size.h"
#include "vmm/cli/suggest.h"

#define MAX_NAMES 32

char *option_next_word(char **rest)
{
	char *word = *rest, *from = word, *to = word;

	while (*from != '\0') {
		if (*from == ',') {
			if (from[1] != ',')
				break;
			from++;
		}
		*to++ = *from++;
	}
	*rest = *from == ',' ? from + 1 : NULL;
	*to = '\0';
	return word;
}

static void say_unknown(const char *option, const char *text, const struct option_key *keys, const char *word)
{
	const char *names[MAX_NAMES];
	const char *near;
	char name[40];
	size_t len = strcspn(word, "="), nr = 0;

	for (const struct option_key *key = keys; key->name && nr < MAX_NAMES; key++)
		names[nr++] = key->name;
	if (len >= sizeof(name))
		len = sizeof(name) - 1;
	memcpy(name, word, len);
	name[len] = '\0';
	near = suggest(name, names, nr);
	if (near)
		say("%s %s: unknown option '%s': did you mean '%s'?", option, text, word, near);
	else
		say("%s %s: unknown option '%s': 'mote run --help' lists those there are (a comma in a path is "
		    "written ',,')",
		    option, text, word);
}

int option_apply(const char *option, const char *text, const struct option_key *keys, void *target, char *word)
{
	size_t len = strcspn(word, "=");
	const struct option_key *key = keys;

	while (key->name && (strlen(key->name) != len || memcmp(word, key->name, len) != 0))
		key++;
	if (!key->name || (!key->possible && word[len] == '=')) {
		say_unknown(option, text, keys, word);
		return -EINVAL;
	}
	if (!key->possible)
		return key->set(target, word + len);
	if (word[len] == '\0') {
		say("%s %s: '%s' needs a value: %s=, with %s", option, text, word, word, key->possible);
		return -EINVAL;
	}
	if (word[len + 1] == '\0' || key->set(target, word + len + 1) < 0) {
		say("%s %s: '%s' is not possible: %s= takes %s", option, text, word, key->name, key->possible);
		return -EINVAL;
	}
	return 0;
}

int option_choose(const struct option_choice *choices, const char *value, int *out)
{
	for (const struct option_choice *c = choices; c->word; c++) {
		if (strcmp(value, c->word) == 0) {
			*out = c->value;
			return 0;
		}
	}
	return -EINVAL;
}

int option_parse_rate(const char *text, int (*parse)(const char *text, uint64_t *number), uint64_t *rate,
		      uint64_t *burst)
{
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	char number[32];
	int rc;

	if (len >= sizeof(number))
		return -ERANGE;
	memcpy(number, text, len);
	number[len] = '\0';
	*burst = 0;
	rc = parse(number, rate);
	if (rc == 0 && colon)
		rc = parse(colon + 1, burst);
	if (rc == 0 && (*rate == 0 || (colon && *burst == 0)))
		rc = -ERANGE;
	return rc;
}

int option_parse_count(const char *text, uint64_t *number)
{
	unsigned int count;
	int rc = count_parse(text, &count);

	if (rc == 0)
		*number = count;
	return rc;
}
