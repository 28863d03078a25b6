#include "vmm/host/janitor_message.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static int append(struct janitor_request *request, const char *const *words, uint16_t *nr)
{
	for (*nr = 0; words[*nr]; (*nr)++) {
		size_t len = strlen(words[*nr]) + 1;

		if (*nr == JANITOR_MAX_WORDS || len > sizeof(request->words) - request->words_len)
			return -E2BIG;
		memcpy(request->words + request->words_len, words[*nr], len);
		request->words_len += (uint32_t)len;
	}
	return 0;
}

int janitor_request_fill(struct janitor_request *request, const char *const *make, const char *const *undo)
{
	int rc;

	request->kind = undo ? JANITOR_MAKE : JANITOR_LAUNCH;
	request->words_len = 0;
	request->nr_undo = 0;
	rc = append(request, make, &request->nr_make);
	if (rc == 0 && undo)
		rc = append(request, undo, &request->nr_undo);
	return rc < 0 ? rc : (int)(offsetof(struct janitor_request, words) + request->words_len);
}

/* Takes `nr` words from `*at` on, which must end before `end`. */
static int take(const char **at, const char *end, unsigned int nr, const char **words)
{
	if (nr > JANITOR_MAX_WORDS)
		return -EPROTO;
	for (unsigned int i = 0; i < nr; i++) {
		const char *nul = memchr(*at, '\0', (size_t)(end - *at));

		if (!nul)
			return -EPROTO;
		words[i] = *at;
		*at = nul + 1;
	}
	words[nr] = NULL;
	return 0;
}

/* A command, and one more to undo it or none, as its kind has it. */
static bool has_words(const struct janitor_request *request)
{
	return request->nr_make > 0 && ((request->kind == JANITOR_MAKE && request->nr_undo > 0) ||
					(request->kind == JANITOR_LAUNCH && request->nr_undo == 0));
}

int janitor_request_words(const struct janitor_request *request, size_t len, const char **make, const char **undo)
{
	const char *at = request->words, *end;
	int rc;

	if (len < offsetof(struct janitor_request, words) || !has_words(request) ||
	    request->words_len != len - offsetof(struct janitor_request, words) ||
	    request->words_len > sizeof(request->words))
		return -EPROTO;
	end = at + request->words_len;
	rc = take(&at, end, request->nr_make, make);
	if (rc == 0)
		rc = take(&at, end, request->nr_undo, undo);
	return rc == 0 && at != end ? -EPROTO : rc;
}
