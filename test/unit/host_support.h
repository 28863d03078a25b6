/* What the tests of vmm/host share: a folder to work in, programs to find there, and the last line logged. */
#ifndef TEST_UNIT_HOST_SUPPORT_H
#define TEST_UNIT_HOST_SUPPORT_H

#include <stdbool.h>

#include "test/unit/unit.h"

#define HOST_PATH_BYTES 128

extern char host_folder[HOST_PATH_BYTES];
extern char host_last_line[1024];
extern unsigned int host_nr_lines;

/* Fixtures: the folder exists from one to the other, is first in PATH, and lines are caught. */
void host_setup(void);
void host_teardown(void);

/* The path of `name` in the folder. */
void host_path(char path[HOST_PATH_BYTES], const char *name);
bool host_exists(const char *name);

/* Puts a shell script called `name` into the folder, whose text after the first line is `text`. */
void host_make_program(const char *name, const char *text);

/* The only line that was logged, and it holds `says`. */
void host_expect_line(const char *says);

#endif
