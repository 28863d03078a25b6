#include "vmm/machine/command_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool command_line_has(const char *line, const char *prefix)
{
	static const char blanks[] = " \t";
	size_t prefix_len = strlen(prefix);

	for (;;) {
		size_t len;

		line += strspn(line, blanks);
		len = strcspn(line, blanks);
		/* What follows "--" is for the guest's init. */
		if (len == 0 || (len == 2 && memcmp(line, "--", 2) == 0))
			return false;
		if (strncmp(line, prefix, prefix_len) == 0)
			return true;
		line += len;
	}
}

int command_line_build(const char *line, const char *device, char **out)
{
	int rc;

	if (!line)
		line = "";
	if (!device || command_line_has(line, "console="))
		rc = asprintf(out, "%s", line);
	else
		rc = asprintf(out, "console=%s%s%s", device, *line ? " " : "", line);
	return rc < 0 ? -ENOMEM : 0;
}
