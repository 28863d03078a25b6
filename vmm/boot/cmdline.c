#include "vmm/boot/cmdline.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/log.h"
#include "vmm/boot/low.h"

bool cmdline_has(const char *command_line, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = command_line; (at = strstr(at, word)) != NULL; at += len) {
		bool starts = at == command_line || at[-1] == ' ';

		if (starts && (at[len] == ' ' || at[len] == '\0'))
			return true;
	}
	return false;
}

int cmdline_place(const struct boot_request *request, uint64_t limit, const char *extra, gpa_t *at)
{
	size_t len = strlen(request->command_line);
	size_t extra_len = extra ? strlen(extra) + 1 : 0;
	char *dst;

	if (limit > LOW_COMMAND_LINE_BYTES - 1)
		limit = LOW_COMMAND_LINE_BYTES - 1;
	if (len > limit || extra_len > limit - len) {
		log_error("the kernel command line has %zu bytes and kernel %s takes at most %llu; shorten --append",
			  len + extra_len, request->kernel_path, (unsigned long long)limit);
		return -E2BIG;
	}
	*at = request->low_base + LOW_COMMAND_LINE;
	dst = guest_memory_at(request->memory, *at, len + extra_len + 1);
	if (!dst)
		return -EFAULT;
	memcpy(dst, request->command_line, len);
	if (extra) {
		dst[len] = ' ';
		memcpy(dst + len + 1, extra, extra_len - 1);
	}
	dst[len + extra_len] = '\0';
	return 0;
}
