#include "vmm/cli/suggest.h"

#include <string.h>

/* Longer words are not typing mistakes of ours. */
#define WORD_MAX_BYTES 32

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* The optimal string alignment distance, by the usual table: cost[i][j] is that of a's first i and b's first j bytes.
 */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t cost[WORD_MAX_BYTES + 1][WORD_MAX_BYTES + 1];

	for (size_t i = 0; i <= a_len; i++)
		cost[i][0] = i;
	for (size_t j = 0; j <= b_len; j++)
		cost[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		for (size_t j = 1; j <= b_len; j++) {
			size_t differ = a[i - 1] != b[j - 1];

			cost[i][j] = min3(cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + differ);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    cost[i - 2][j - 2] + 1 < cost[i][j])
				cost[i][j] = cost[i - 2][j - 2] + 1;
		}
	}
	return cost[a_len][b_len];
}

static size_t tolerance(size_t len)
{
	if (len < 4)
		return 1;
	return len < 9 ? 2 : len / 3;
}

const char *suggest(const char *word, const char *const *candidates, size_t nr)
{
	size_t len = strlen(word), best = tolerance(len) + 1;
	const char *nearest = NULL;

	if (len == 0 || len > WORD_MAX_BYTES)
		return NULL;
	for (size_t i = 0; i < nr; i++) {
		size_t candidate_len = strlen(candidates[i]), d;

		if (candidate_len > WORD_MAX_BYTES)
			continue;
		d = distance(word, len, candidates[i], candidate_len);
		if (d > 1 && strncmp(word, candidates[i], len) == 0)
			d = 1;
		if (d < best) {
			best = d;
			nearest = candidates[i];
		}
	}
	return nearest;
}
