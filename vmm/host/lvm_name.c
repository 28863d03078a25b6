#include "vmm/host/lvm_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/base/log.h"

static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+_.-";

/* LVM's own: the parts of composed volumes, which the user's volume hides. */
static const char *const reserved_parts[] = {
	"_cdata",   "_cmeta",  "_corig", "_cpool", "_cvol",  "_imeta", "_iorig",   "_mimage", "_mlog",
	"_pmspare", "_rimage", "_rmeta", "_tdata", "_tmeta", "_vdata", "_vorigin", "_wcorig",
};
static const char *const reserved_starts[] = { "snapshot", "pvmove" };

/* What is wrong with one of the two names, or NULL. */
static const char *fault_of(const char *name, size_t len)
{
	if (len == 0)
		return "is empty";
	if (len >= LVM_NAME_BYTES)
		return "is longer than 127 characters";
	if (strspn(name, allowed) < len)
		return "has a character other than letters, digits, '+', '_', '.' and '-'";
	if (name[0] == '-')
		return "begins with '-'";
	if (strncmp(name, ".", len) == 0 || (len == 2 && strncmp(name, "..", len) == 0))
		return "is a folder's name";
	return NULL;
}

bool lvm_name_is_permitted(const char *text)
{
	const char *slash = strchr(text, '/');

	return slash && !fault_of(text, (size_t)(slash - text)) && !fault_of(slash + 1, strlen(slash + 1));
}

static bool is_reserved(const char *lv)
{
	for (unsigned int i = 0; i < sizeof(reserved_parts) / sizeof(reserved_parts[0]); i++) {
		if (strstr(lv, reserved_parts[i]))
			return true;
	}
	for (unsigned int i = 0; i < sizeof(reserved_starts) / sizeof(reserved_starts[0]); i++) {
		if (strncmp(lv, reserved_starts[i], strlen(reserved_starts[i])) == 0)
			return true;
	}
	return false;
}

static int refuse(const char *text, const char *what, const char *fault)
{
	char shown[300];

	snprintf(shown, sizeof(shown), "%s", text);
	for (char *at = shown; *at != '\0'; at++) {
		if (*at < ' ' || *at > '~')
			*at = '?';
	}
	log_error("'lvm:%s': the %s's name %s; name a logical volume as lvm:VG/LV ('lvs' lists them)", shown, what,
		  fault);
	return -EINVAL;
}

int lvm_name_parse(const char *text, struct lvm_name *out)
{
	const char *slash = strchr(text, '/'), *fault;
	size_t vg_len = slash ? (size_t)(slash - text) : strlen(text);

	fault = fault_of(text, vg_len);
	if (fault)
		return refuse(text, "volume group", fault);
	if (!slash)
		return refuse(text, "logical volume", "is missing");
	fault = fault_of(slash + 1, strlen(slash + 1));
	if (!fault && is_reserved(slash + 1))
		fault = "is one that LVM keeps for hidden parts of other volumes";
	if (fault)
		return refuse(text, "logical volume", fault);
	memcpy(out->vg, text, vg_len);
	out->vg[vg_len] = '\0';
	strcpy(out->lv, slash + 1);
	return 0;
}

static char *append_doubled(char *at, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == '-')
			*at++ = '-';
		*at++ = *name;
	}
	return at;
}

void lvm_name_to_dm(const struct lvm_name *name, char dm[LVM_DM_NAME_BYTES])
{
	char *at = append_doubled(dm, name->vg);

	*at++ = '-';
	at = append_doubled(at, name->lv);
	*at = '\0';
}
