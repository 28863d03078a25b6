/* The kernel's command line. */
#ifndef VMM_BOOT_CMDLINE_H
#define VMM_BOOT_CMDLINE_H

#include <stdbool.h>

#include "vmm/boot/boot.h"

/* Without a header that says otherwise: Linux's COMMAND_LINE_SIZE on x86, less its NUL. */
#define CMDLINE_DEFAULT_LIMIT 2047

/* Whether `word` is a parameter by itself, as in "quiet nokaslr". */
bool cmdline_has(const char *command_line, const char *word);

/* Writes the request's command line, and `extra` behind it if that is not NULL, to low memory. `limit` is the longest
 * that the kernel takes, without the NUL. 0 with its address, or -E2BIG, logged. Control thread. */
__attribute__((warn_unused_result)) int cmdline_place(const struct boot_request *request, uint64_t limit,
						      const char *extra, gpa_t *at);

#endif
