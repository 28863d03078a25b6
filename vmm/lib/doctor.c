#include "vmm/lib/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOUND_MAX_BYTES 640

static void (*const checks[])(struct doctor *doctor) = {
	doctor_check_kvm,	  doctor_check_native,	   doctor_check_io_uring, doctor_check_libaio,
	doctor_check_tun,	  doctor_check_passt,	   doctor_check_nat,	  doctor_check_vhost,
	doctor_check_userfaultfd, doctor_check_huge_pages, doctor_check_lvm,	  doctor_check_leftovers,
	doctor_check_memory,
};

enum mote_verdict mote_doctor(void (*report)(void *arg, const struct mote_finding *finding), void *arg)
{
	struct doctor doctor = { .report = report, .arg = arg, .worst = MOTE_OK };

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](&doctor);
	return doctor.worst;
}

void doctor_find(struct doctor *doctor, enum mote_verdict verdict, const char *subject, const char *remedy,
		 const char *format, ...)
{
	char found[FOUND_MAX_BYTES];
	struct mote_finding finding = { .verdict = verdict, .subject = subject, .found = found, .remedy = remedy };
	va_list args;

	va_start(args, format);
	vsnprintf(found, sizeof(found), format, args);
	va_end(args);
	if (verdict > doctor->worst)
		doctor->worst = verdict;
	doctor->report(doctor->arg, &finding);
}

bool doctor_choice_is(const char *choices, const char *word)
{
	const char *open_bracket = strchr(choices, '[');
	size_t len = strlen(word);

	return open_bracket && strncmp(open_bracket + 1, word, len) == 0 && open_bracket[1 + len] == ']';
}

uint64_t doctor_meminfo_kib(const char *meminfo, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = meminfo; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0)
			return strtoull(line + len, NULL, 10);
	}
	return 0;
}

bool doctor_program_exists(const char *path, const char *program)
{
	while (*path != '\0') {
		char file[4096];
		size_t len = strcspn(path, ":");
		int n = snprintf(file, sizeof(file), "%.*s/%s", (int)len, path, program);

		if (len > 0 && n > 0 && (size_t)n < sizeof(file) && access(file, X_OK) == 0)
			return true;
		path += len;
		path += *path == ':';
	}
	return false;
}
