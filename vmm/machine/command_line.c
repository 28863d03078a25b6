#include "vmm/machine/command_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool command_line_has(const char *line, const char *prefix)
{
	size_t len = strlen(prefix);

	for (const char *at = line; (at = strstr(at, prefix)) != NULL; at += len)
		if (at == line || at[-1] == ' ' || at[-1] == '\t')
			return true;
	return false;
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
