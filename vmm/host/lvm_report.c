#include "vmm/host/lvm_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/host/command.h"

/* A volume takes some 300 bytes of it; untouched memory costs nothing. */
#define REPORT_MAX_BYTES (4U << 20)
#define LVS_TIMEOUT_MS 60000

/* Parts a line of KEY='VALUE' pairs: the next pair's key and value, and moves `*at` behind it. False at the end of the
 * line, and with *malformed set where it is no pair. No value that we ask for can hold a quote. */
static bool next_pair(char **at, char **key, char **value, bool *malformed)
{
	char *quote;

	*at += strspn(*at, " \t\r");
	if (**at == '\0')
		return false;
	*key = *at;
	quote = strstr(*at, "='");
	if (quote) {
		*quote = '\0';
		*value = quote + 2;
		quote = strchr(*value, '\'');
	}
	if (!quote) {
		*malformed = true;
		return false;
	}
	*quote = '\0';
	*at = quote + 1;
	return true;
}

static bool parse_size(const char *text, uint64_t *size)
{
	char *end;

	errno = 0;
	*size = strtoull(text, &end, 10);
	return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

static void strip_brackets(struct lvm_volume *volume, char *name)
{
	size_t len = strlen(name);

	if (len >= 2 && name[0] == '[' && name[len - 1] == ']') {
		volume->hidden = true;
		name[len - 1] = '\0';
		name++;
	}
	volume->name = name;
}

static int parse_line(char *line, struct lvm_volume *volume)
{
	char *key, *value;
	bool malformed = false, has_size = false;

	*volume = (struct lvm_volume){ .origin = "", .pool = "", .tags = "" };
	while (next_pair(&line, &key, &value, &malformed)) {
		if (strcmp(key, "LVM2_VG_NAME") == 0)
			volume->vg = value;
		else if (strcmp(key, "LVM2_LV_NAME") == 0)
			strip_brackets(volume, value);
		else if (strcmp(key, "LVM2_ORIGIN") == 0)
			volume->origin = value;
		else if (strcmp(key, "LVM2_POOL_LV") == 0)
			volume->pool = value;
		else if (strcmp(key, "LVM2_LV_ATTR") == 0)
			volume->attr = value;
		else if (strcmp(key, "LVM2_LV_TAGS") == 0)
			volume->tags = value;
		else if (strcmp(key, "LVM2_LV_SIZE") == 0)
			has_size = parse_size(value, &volume->size_bytes);
	}
	return malformed || !volume->vg || !volume->name || !volume->attr || !has_size ||
			       strlen(volume->attr) < LVM_ATTR_CHARACTERS
		       ? -EPROTO
		       : 0;
}

static unsigned int count_lines(const char *text)
{
	unsigned int nr = 1;

	for (; *text != '\0'; text++)
		nr += *text == '\n';
	return nr;
}

int lvm_report_parse(char *text, struct lvm_report *report)
{
	struct lvm_volume *volumes = calloc(count_lines(text), sizeof(*volumes));
	char *rest = text, *line;
	unsigned int nr = 0;

	if (!volumes)
		return -ENOMEM;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[strspn(line, " \t\r")] == '\0')
			continue;
		if (parse_line(line, &volumes[nr++]) < 0) {
			free(volumes);
			return -EPROTO;
		}
	}
	*report = (struct lvm_report){ .text = text, .nr_volumes = nr, .volumes = volumes };
	return 0;
}

void lvm_report_free(struct lvm_report *report)
{
	free(report->volumes);
	free(report->text);
	*report = (struct lvm_report){ 0 };
}

int lvm_report_read(const char *vg, struct lvm_report *report, char *complaint)
{
	/* What lvm.conf may say on reports is overruled. */
	const char *const argv[] = { "lvs",
				     "--all",
				     "--noheadings",
				     "--nosuffix",
				     "--units",
				     "b",
				     "--reportformat",
				     "basic",
				     "--nameprefixes",
				     "--config",
				     "report/quoted=1 report/columns_as_rows=0",
				     "--options",
				     "vg_name,lv_name,lv_size,lv_attr,origin,pool_lv,lv_tags",
				     vg,
				     NULL };
	char err[4096] = "", *text = malloc(REPORT_MAX_BYTES);
	const struct command lvs = { .argv = argv,
				     .timeout_ms = LVS_TIMEOUT_MS,
				     .out = text,
				     .out_size = REPORT_MAX_BYTES,
				     .err = err,
				     .err_size = sizeof(err) };
	int rc;

	complaint[0] = '\0';
	if (!text)
		return -ENOMEM;
	rc = command_run(&lvs);
	if (rc == 0) {
		rc = lvm_report_parse(text, report);
		if (rc == 0)
			return 0;
	}
	snprintf(complaint, LVM_COMPLAINT_BYTES, "%s", command_complaint(err));
	free(text);
	return rc;
}

const struct lvm_volume *lvm_report_find(const struct lvm_report *report, const char *vg, const char *lv)
{
	for (unsigned int i = 0; i < report->nr_volumes; i++) {
		const struct lvm_volume *volume = &report->volumes[i];

		if (strcmp(volume->vg, vg) == 0 && strcmp(volume->name, lv) == 0)
			return volume;
	}
	return NULL;
}

bool lvm_volume_has_tag(const struct lvm_volume *volume, const char *tag, char *value, unsigned int size)
{
	size_t len = strlen(tag), tag_len;
	bool is_prefix = len > 0 && tag[len - 1] == '=';

	for (const char *at = volume->tags; *at != '\0'; at += tag_len + (at[tag_len] == ',')) {
		tag_len = strcspn(at, ",");
		if (strncmp(at, tag, len) != 0 || tag_len < len || (tag_len > len && !is_prefix))
			continue;
		if (value)
			snprintf(value, size, "%.*s", (int)(tag_len - len), at + len);
		return true;
	}
	return false;
}
