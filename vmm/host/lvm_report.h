/* What LVM's `lvs` reports, asked for in a form that no lvm.conf changes, and read with no trust in it. */
#ifndef VMM_HOST_LVM_REPORT_H
#define VMM_HOST_LVM_REPORT_H

#include <stdbool.h>
#include <stdint.h>

/* One logical volume; strings are the report's. */
struct lvm_volume {
	const char *vg;
	const char *name; /* without the brackets of a hidden one */
	const char *origin; /* of which it is a snapshot; "" */
	const char *pool; /* the thin pool that it lives in; "" */
	const char *attr; /* lv_attr of lvs(8): at least LVM_ATTR_CHARACTERS */
	const char *tags; /* separated by commas; "" */
	uint64_t size_bytes;
	bool hidden;
};

#define LVM_ATTR_CHARACTERS 6

/* Positions in lv_attr (lvs(8)). */
enum lvm_attr {
	LVM_ATTR_TYPE = 0,
	LVM_ATTR_PERMISSION = 1,
	LVM_ATTR_STATE = 4,
	LVM_ATTR_OPEN = 5,
};

struct lvm_report {
	char *text;
	unsigned int nr_volumes;
	struct lvm_volume *volumes;
};

/* Asks `lvs` for every volume of the group `vg`, or of all groups if it is NULL, hidden ones included. Returns 0; the
 * exit status of lvs (5: there is no such group), with the first line of its complaint in `complaint` (a string of
 * LVM_COMPLAINT_BYTES); or a negative errno of command_run(), -EPROTO for a report that is not understood, -ENOMEM.
 * Logs nothing. Any thread. */
#define LVM_COMPLAINT_BYTES 256
__attribute__((warn_unused_result)) int lvm_report_read(const char *vg, struct lvm_report *report, char *complaint);

/* Reads a report out of `text`, which becomes the report's, and is changed. 0, -EPROTO or -ENOMEM, after which `text`
 * is the caller's again. */
__attribute__((warn_unused_result)) int lvm_report_parse(char *text, struct lvm_report *report);

/* Takes a zeroed one too. */
void lvm_report_free(struct lvm_report *report);

/* The volume of that name, or NULL. */
const struct lvm_volume *lvm_report_find(const struct lvm_report *report, const char *vg, const char *lv);

/* Whether one of the volume's tags is `tag`, or begins with it if `tag` ends in '='; what follows is written to
 * `value`, cut at `size`, if that is not NULL. */
bool lvm_volume_has_tag(const struct lvm_volume *volume, const char *tag, char *value, unsigned int size);

#endif
