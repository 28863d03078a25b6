#include "test/unit/host_support.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/base/log.h"

char host_folder[HOST_PATH_BYTES];
char host_last_line[1024];
unsigned int host_nr_lines;

static char old_path[4096];

static void catch_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	snprintf(host_last_line, sizeof(host_last_line), "%s", line);
	host_nr_lines++;
}

void host_setup(void)
{
	char path[sizeof(old_path) + HOST_PATH_BYTES + 1];

	snprintf(host_folder, sizeof(host_folder), "/tmp/mote-host-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(host_folder));
	snprintf(old_path, sizeof(old_path), "%s", getenv("PATH"));
	snprintf(path, sizeof(path), "%s:%s", host_folder, old_path);
	setenv("PATH", path, 1);
	log_set_sink(catch_line, NULL);
	host_nr_lines = 0;
	host_last_line[0] = '\0';
}

void host_teardown(void)
{
	char command[HOST_PATH_BYTES + 16];

	setenv("PATH", old_path, 1);
	log_set_sink(NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", host_folder);
	ck_assert_int_eq(system(command), 0);
}

void host_path(char path[HOST_PATH_BYTES], const char *name)
{
	ck_assert_int_lt(snprintf(path, HOST_PATH_BYTES, "%.64s/%.56s", host_folder, name), HOST_PATH_BYTES);
}

bool host_exists(const char *name)
{
	char path[HOST_PATH_BYTES];

	host_path(path, name);
	return access(path, F_OK) == 0;
}

void host_make_program(const char *name, const char *text)
{
	char path[HOST_PATH_BYTES];
	FILE *file;

	host_path(path, name);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "#!/bin/sh\n%s\n", text);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, 0755), 0);
}

void host_expect_line(const char *says)
{
	ck_assert_msg(host_nr_lines == 1, "%u lines, the last: %s", host_nr_lines, host_last_line);
	ck_assert_msg(strstr(host_last_line, says) != NULL, "said: %s", host_last_line);
	ck_assert_ptr_null(strchr(host_last_line, '\n'));
	host_nr_lines = 0;
}
