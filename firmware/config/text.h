/* The little that reading configurations needs of text: building, comparing, matching, cutting into lines and words. */
#ifndef FIRMWARE_CONFIG_TEXT_H
#define FIRMWARE_CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Text that is being built in a buffer of a fixed size. It always ends in a NUL; what has no room is left out. */
struct text {
	char *buf;
	size_t size;
	size_t len; /* without the NUL */
	bool is_cut; /* something had no room */
};

/* An empty text in `size` bytes at `buf`, at least one. */
void text_begin(struct text *text, char *buf, size_t size);

/* Append bytes, a string. */
void text_add_bytes(struct text *text, const char *bytes, size_t len);
void text_add(struct text *text, const char *string);

/* As isspace(), isdigit() and isalpha() of the C locale. */
bool text_is_space(char c);
bool text_is_digit(char c);
bool text_is_letter(char c);

/* Whether `text` is a decimal number and nothing else; 9 digits at most. */
bool text_number(const char *text, unsigned int *out);

/* Whether `text` begins, or ends, with `with`. */
bool text_begins(const char *text, const char *with);
bool text_ends(const char *text, const char *with);

/* Equal, were all letters lower case. */
bool text_equal_fold(const char *a, const char *b);

/* Whether all of `text` matches a shell pattern of '*', '?' and characters, letters of either case. Takes at most the
 * product of both lengths in steps. */
bool text_glob(const char *pattern, const char *text);

/* The next line of *rest, without blanks around it, cut off in place by a NUL; NULL behind the last. */
char *text_line(char **rest);

/* The next word of *rest, likewise; NULL if there is none. */
char *text_word(char **rest);

#endif
