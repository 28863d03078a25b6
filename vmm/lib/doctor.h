/* What the checks of mote_doctor() share. */
#ifndef VMM_LIB_DOCTOR_H
#define VMM_LIB_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/include/mote.h"

/* One examination, on the caller's thread. */
struct doctor {
	void (*report)(void *arg, const struct mote_finding *finding);
	void *arg;
	enum mote_verdict worst;
	bool can_make_vms; /* set by doctor_check_kvm() */
};

/* Reports one finding; `remedy` may be NULL. What was found is printf-formatted. */
void doctor_find(struct doctor *doctor, enum mote_verdict verdict, const char *subject, const char *remedy,
		 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The checks. Each reports at least one finding, changes nothing on the host, and logs nothing. */
void doctor_check_kvm(struct doctor *doctor);
void doctor_check_native(struct doctor *doctor);
void doctor_check_io_uring(struct doctor *doctor);
void doctor_check_libaio(struct doctor *doctor);
void doctor_check_tun(struct doctor *doctor);
void doctor_check_passt(struct doctor *doctor);
void doctor_check_nat(struct doctor *doctor);
void doctor_check_vhost(struct doctor *doctor);
void doctor_check_userfaultfd(struct doctor *doctor);
void doctor_check_huge_pages(struct doctor *doctor);
void doctor_check_lvm(struct doctor *doctor);
void doctor_check_leftovers(struct doctor *doctor);
void doctor_check_memory(struct doctor *doctor);

/* Whether the bracketed word of a sysfs choice, such as "always [madvise] never", is `word`. */
bool doctor_choice_is(const char *choices, const char *word);

/* The number in KiB behind `key` ("MemAvailable:") in the text of /proc/meminfo; 0 if it is not there. */
uint64_t doctor_meminfo_kib(const char *meminfo, const char *key);

/* Whether `program` is an executable in one of the folders of `path`, which are separated by colons. */
bool doctor_program_exists(const char *path, const char *program);

#endif
