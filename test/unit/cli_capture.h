/* What a test's code prints on stderr, as a string. */
#ifndef TEST_UNIT_CLI_CAPTURE_H
#define TEST_UNIT_CLI_CAPTURE_H

#include <check.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct capture {
	int memory_fd;
	int stderr_fd;
	char text[4096];
};

static inline void capture_begin(struct capture *capture)
{
	fflush(stderr);
	capture->memory_fd = memfd_create("stderr", MFD_CLOEXEC);
	capture->stderr_fd = dup(STDERR_FILENO);
	ck_assert_int_ge(capture->memory_fd, 0);
	ck_assert_int_ge(capture->stderr_fd, 0);
	ck_assert_int_eq(dup2(capture->memory_fd, STDERR_FILENO), STDERR_FILENO);
}

static inline const char *capture_end(struct capture *capture)
{
	ssize_t n;

	fflush(stderr);
	ck_assert_int_eq(dup2(capture->stderr_fd, STDERR_FILENO), STDERR_FILENO);
	n = pread(capture->memory_fd, capture->text, sizeof(capture->text) - 1, 0);
	ck_assert_int_ge(n, 0);
	capture->text[n] = '\0';
	close(capture->memory_fd);
	close(capture->stderr_fd);
	return capture->text;
}

/* How many lines a text has. */
static inline unsigned int count_lines(const char *text)
{
	unsigned int nr = 0;

	for (; *text; text++)
		nr += *text == '\n';
	return nr;
}

#endif
