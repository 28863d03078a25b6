#include "firmware/loader/root_check.h"

#include "firmware/core/bytes.h"
#include "firmware/core/print.h"

#define VALUE_BYTES 320 /* of root=, with a NUL; the longest is a volume's path with doubled hyphens */

enum form {
	FORM_UUID,
	FORM_PARTUUID,
	FORM_LABEL,
	FORM_NAME, /* vda2 */
	FORM_MAPPER, /* vg-lv, with hyphens in either name doubled */
	FORM_VOLUME, /* vg/lv */
};

static const struct {
	const char *prefix;
	enum form form;
} forms[] = {
	{ "UUID=", FORM_UUID },
	{ "PARTUUID=", FORM_PARTUUID },
	{ "LABEL=", FORM_LABEL },
	{ "/dev/disk/by-uuid/", FORM_UUID },
	{ "/dev/disk/by-partuuid/", FORM_PARTUUID },
	{ "/dev/disk/by-label/", FORM_LABEL },
	{ "/dev/mapper/", FORM_MAPPER },
	{ "/dev/vd", FORM_NAME },
	{ "/dev/", FORM_VOLUME },
};

/* The last root= among the kernel's own words counts. */
static bool read_root(const char *arguments, char value[VALUE_BYTES])
{
	bool any = false;

	while (*arguments != '\0') {
		size_t len = 0;

		while (arguments[len] != '\0' && arguments[len] != ' ')
			len++;
		if (len == 2 && memcmp(arguments, "--", 2) == 0)
			break;
		if (len > 5 && memcmp(arguments, "root=", 5) == 0) {
			(void)print_to(value, VALUE_BYTES, "%.*s", (int)(len - 5), arguments + 5);
			any = true;
		}
		arguments += len + (arguments[len] == ' ');
	}
	return any;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool equal_fold(const char *a, const char *b)
{
	for (; *a != '\0' && lower(*a) == lower(*b); a++, b++)
		;
	return *a == *b;
}

/* "vg/lv" as device-mapper names it: "vg-lv". */
static bool is_mapper_name(const char *lvm_name, const char *mapper)
{
	for (; *lvm_name != '\0'; lvm_name++, mapper++) {
		if (*mapper != (*lvm_name == '/' ? '-' : *lvm_name))
			return false;
		if (*lvm_name == '-' && *++mapper != '-')
			return false;
	}
	return *mapper == '\0';
}

static bool is_meant(const struct mounted *mounted, enum form form, const char *what)
{
	const struct volume *volume = mounted->volume;

	switch (form) {
	case FORM_UUID:
		return equal_fold(mounted->fs.uuid, what);
	case FORM_PARTUUID:
		return equal_fold(volume->part_uuid, what);
	case FORM_LABEL:
		return strcmp(mounted->fs.label, what) == 0;
	case FORM_NAME:
		return strcmp(volume->source->name, what) == 0;
	case FORM_MAPPER:
		return volume->lvm_name[0] != '\0' && is_mapper_name(volume->lvm_name, what);
	case FORM_VOLUME:
		return volume->lvm_name[0] != '\0' && strcmp(volume->lvm_name, what) == 0;
	}
	return false;
}

static const struct mounted *find(const struct system *system, const char *value)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t len = strlen(forms[i].prefix);
		const char *what = value + (forms[i].form == FORM_NAME ? sizeof("/dev/") - 1 : len);

		if (strncmp(value, forms[i].prefix, len) != 0)
			continue;
		for (unsigned int n = 0; n < system->places.nr; n++) {
			if (is_meant(&system->places.mounted[n], forms[i].form, what))
				return &system->places.mounted[n];
		}
	}
	return NULL;
}

enum root_state root_check(const struct system *system, const char *arguments, const struct mounted **found)
{
	char value[VALUE_BYTES];

	*found = NULL;
	if (!read_root(arguments, value))
		return ROOT_NOT_NAMED;
	*found = find(system, value);
	if (*found != NULL)
		return ROOT_READABLE;
	return system_has_encrypted(system) ? ROOT_ENCRYPTED : ROOT_UNKNOWN;
}
