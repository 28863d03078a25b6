/* LVM2's metadata language: named values, and named sections of the same in braces (lvm2, doc/lvm2-raid and
 * libdaemon/client/config-util). It is read in place, from front to back, without a tree. */
#ifndef FIRMWARE_VOLUME_LVM_TEXT_H
#define FIRMWARE_VOLUME_LVM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A stretch of the text, without a NUL behind. */
struct lvm_text {
	const char *at;
	const char *end;
};

/* name = value, or name { body }. Of a list the body is what is between its brackets, of a string between the quotes.
 */
struct lvm_item {
	struct lvm_text name;
	struct lvm_text body;
	enum lvm_item_kind {
		LVM_SECTION,
		LVM_NUMBER,
		LVM_STRING,
		LVM_LIST,
	} kind;
};

/* Takes the next item from `text`: 1, 0 at its end, or FW_ECORRUPT. */
__attribute__((warn_unused_result)) int lvm_next(struct lvm_text *text, struct lvm_item *out);

/* Takes the next value from what is left of a list; as lvm_next(), with no name. */
__attribute__((warn_unused_result)) int lvm_next_value(struct lvm_text *list, struct lvm_item *out);

/* Finds an item of this name and kind in `text`, not in its sections: 0, or FW_ECORRUPT if there is none. */
__attribute__((warn_unused_result)) int lvm_find(struct lvm_text text, const char *name, enum lvm_item_kind kind,
						 struct lvm_text *out);

/* The same for a number. */
__attribute__((warn_unused_result)) int lvm_find_number(struct lvm_text text, const char *name, uint64_t *out);

/* What a number's digits say; FW_ECORRUPT if it is negative or does not fit. */
__attribute__((warn_unused_result)) int lvm_number(struct lvm_text digits, uint64_t *out);

/* Whether it is the same. */
bool lvm_is(struct lvm_text text, const char *expected);
bool lvm_is_same(struct lvm_text a, struct lvm_text b);

#endif
