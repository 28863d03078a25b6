/* "Did you mean ...": the known word that is nearest to a mistyped one. */
#ifndef VMM_CLI_SUGGEST_H
#define VMM_CLI_SUGGEST_H

#include <stddef.h>

/* The first candidate with the fewest insertions, deletions, substitutions and swaps of neighbours, where leaving out
 * the rest of a word counts as one; NULL if none is near: a third of the word's length, but at least one, and two from
 * four letters on. */
const char *suggest(const char *word, const char *const *candidates, size_t nr);

#endif
