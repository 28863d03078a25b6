/* The kernel command line: the user's words, and the console that they left out. */
#ifndef VMM_MACHINE_COMMAND_LINE_H
#define VMM_MACHINE_COMMAND_LINE_H

#include <stdbool.h>

/* Whether one of the blank-separated words of `line` before "--", which are the kernel's own, starts with `prefix`. */
bool command_line_has(const char *line, const char *prefix);

/* *out = `line` (NULL: empty), preceded by "console=DEVICE" unless `device` is NULL or the line names a console; free()
 * it. -ENOMEM. */
__attribute__((warn_unused_result)) int command_line_build(const char *line, const char *device, char **out);

#endif
