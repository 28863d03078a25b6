/* What the arguments of --disk and --net have in common: words between commas, most of them KEY=VALUE. */
#ifndef VMM_CLI_OPTION_WORDS_H
#define VMM_CLI_OPTION_WORDS_H

#include <stdint.h>

/* Cuts the next word off *rest in place: undoes the doubled commas, ends the word, and moves *rest behind the comma
 * that ended it, or to NULL after the last word. */
char *option_next_word(char **rest);

/* A word that may follow the first. */
struct option_key {
	const char *name; /* NULL ends a table */
	/* Reads the value, "" for a word without one, into the option. What it points to lives as long as the option,
	 * and may be changed. 0 or a negative errno. */
	int (*set)(void *target, char *value);
	const char *possible; /* values, for the user, after "takes"; NULL: the word has no value */
};

/* Applies one word to `target`, which is what the functions of `keys` take. On failure says what is wrong with `word`
 * in "`option` `text`" and returns -EINVAL. */
__attribute__((warn_unused_result)) int option_apply(const char *option, const char *text,
						     const struct option_key *keys, void *target, char *word);

/* A word that a value may be, and what it stands for. NULL ends a table. */
struct option_choice {
	const char *word;
	int value;
};
__attribute__((warn_unused_result)) int option_choose(const struct option_choice *choices, const char *value, int *out);

/* RATE[:BURST], neither of them 0, each read by `parse`: size_parse(), or option_parse_count() for mere numbers. *burst
 * is 0 if there is none. 0, -EINVAL or -ERANGE. */
__attribute__((warn_unused_result)) int option_parse_rate(const char *text,
							  int (*parse)(const char *text, uint64_t *number),
							  uint64_t *rate, uint64_t *burst);
__attribute__((warn_unused_result)) int option_parse_count(const char *text, uint64_t *number);

#endif
