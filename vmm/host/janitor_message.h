/* What passes between a VM and its janitor: one message, one packet of the socket between them. */
#ifndef VMM_HOST_JANITOR_MESSAGE_H
#define VMM_HOST_JANITOR_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/host/janitor.h"

#define JANITOR_MAX_WORDS 32
#define JANITOR_WORDS_BYTES 8192

enum janitor_request_kind {
	JANITOR_MAKE = 1, /* answered */
	JANITOR_LAUNCH, /* answered; there is no undo */
	JANITOR_SEAL, /* not answered */
	JANITOR_END, /* answered once a record that could not be undone, then once more with status 0 */
};

/* The words of `make`, then those of `undo`, each with its NUL. */
struct janitor_request {
	uint32_t kind;
	uint16_t nr_make, nr_undo;
	uint32_t words_len;
	char words[JANITOR_WORDS_BYTES];
};

struct janitor_answer {
	int32_t status; /* an exit status or a negative errno */
	char complaint[HOST_JANITOR_COMPLAINT_BYTES]; /* a string */
};

/* Fills a JANITOR_MAKE request, or with `undo` NULL a JANITOR_LAUNCH. Its length in bytes, or -E2BIG. */
__attribute__((warn_unused_result)) int janitor_request_fill(struct janitor_request *request, const char *const *make,
							     const char *const *undo);

/* Points `make` and `undo`, each of JANITOR_MAX_WORDS + 1 elements, at the words of a JANITOR_MAKE or JANITOR_LAUNCH
 * request of which `len` bytes were received, and ends each with NULL. 0 or -EPROTO. */
__attribute__((warn_unused_result)) int janitor_request_words(const struct janitor_request *request, size_t len,
							      const char **make, const char **undo);

/* The janitor's own life: serves `socket` and ends the process. In the process that host_janitor_start() forked. */
__attribute__((noreturn)) void janitor_serve(int socket);

#endif
