/* A volume group, from its metadata. */
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/volume/lvm.h"

#define MAX_SEGMENTS 4096
#define MAX_NAME 127
/* No disk is larger, and sums of two stay far from the end of 64 bits. */
#define MAX_BYTES (1ull << 60)

/* A physical volume as its group names it: "pv0". */
struct member {
	struct lvm_text name;
	struct source *source; /* NULL: it is missing */
	uint64_t start; /* bytes to its first extent */
};

struct group {
	struct scan *scan;
	struct lvm_text name;
	struct lvm_text id;
	uint64_t extent_bytes;
	struct member members[LVM_MAX_PVS];
	unsigned int nr_members;
};

/* "abcdef-ghij-..." against the bytes without hyphens. */
static bool is_uuid(struct lvm_text text, const char uuid[LVM_UUID_BYTES])
{
	unsigned int i = 0;

	for (; text.at < text.end; text.at++) {
		if (*text.at == '-')
			continue;
		if (i == LVM_UUID_BYTES || uuid[i++] != *text.at)
			return false;
	}
	return i == LVM_UUID_BYTES;
}

static int scaled(uint64_t count, uint64_t unit, uint64_t *out)
{
	return __builtin_mul_overflow(count, unit, out) || *out > MAX_BYTES ? FW_ECORRUPT : 0;
}

static int read_members(struct group *group, const struct lvm_pvs *pvs, struct lvm_text body)
{
	struct lvm_item item;
	int rc;

	while ((rc = lvm_next(&body, &item)) == 1) {
		struct member *member = &group->members[group->nr_members];
		struct lvm_text id;

		if (item.kind != LVM_SECTION)
			continue;
		if (group->nr_members == LVM_MAX_PVS)
			return FW_ETOOBIG;
		*member = (struct member){ .name = item.name };
		rc = lvm_find(item.body, "id", LVM_STRING, &id);
		if (rc == 0)
			rc = lvm_find_number(item.body, "pe_start", &member->start);
		if (rc == 0)
			rc = scaled(member->start, SECTOR_BYTES, &member->start);
		if (rc < 0)
			return rc;
		for (unsigned int i = 0; i < pvs->nr; i++)
			if (is_uuid(id, pvs->list[i].uuid))
				member->source = pvs->list[i].source;
		group->nr_members++;
	}
	return rc;
}

/* Takes a stripe, the name of a physical volume and an extent of it, from a list. 0, FW_ENOENT: that volume is not
 * there, or FW_ECORRUPT. */
static int take_stripe(const struct group *group, struct lvm_text *list, struct lvm_stripe *out)
{
	struct lvm_item name;
	struct lvm_item extent;
	uint64_t start;
	int rc;

	if (lvm_next_value(list, &name) != 1 || lvm_next_value(list, &extent) != 1 || name.kind != LVM_STRING ||
	    extent.kind != LVM_NUMBER)
		return FW_ECORRUPT;
	rc = lvm_number(extent.body, &start);
	if (rc == 0)
		rc = scaled(start, group->extent_bytes, &start);
	if (rc < 0)
		return rc;
	for (unsigned int i = 0; i < group->nr_members; i++) {
		const struct member *member = &group->members[i];

		if (!lvm_is_same(member->name, name.body))
			continue;
		*out = (struct lvm_stripe){ member->source, member->start + start };
		return member->source != NULL ? 0 : FW_ENOENT;
	}
	return FW_ECORRUPT;
}

static int read_segment(const struct group *group, struct lvm_text body, struct lvm_segment *out)
{
	uint64_t nr_stripes = 0;
	struct lvm_text text;
	int rc = lvm_find_number(body, "start_extent", &out->offset);

	if (rc == 0)
		rc = scaled(out->offset, group->extent_bytes, &out->offset);
	if (rc == 0)
		rc = lvm_find_number(body, "extent_count", &out->len);
	if (rc == 0)
		rc = scaled(out->len, group->extent_bytes, &out->len);
	if (rc == 0)
		rc = lvm_find(body, "type", LVM_STRING, &text);
	if (rc < 0)
		return rc;
	if (!lvm_is(text, "striped")) {
		print("%.*s: a logical volume of type %.*s is not read\n", (int)(group->name.end - group->name.at),
		      group->name.at, (int)(text.end - text.at), text.at);
		return FW_ENOTSUP;
	}
	rc = lvm_find_number(body, "stripe_count", &nr_stripes);
	if (rc == 0)
		rc = lvm_find(body, "stripes", LVM_LIST, &text);
	if (rc < 0 || nr_stripes == 0 || nr_stripes > LVM_MAX_STRIPES || out->len == 0)
		return FW_ECORRUPT;
	out->nr_stripes = nr_stripes;
	if (nr_stripes > 1) {
		rc = lvm_find_number(body, "stripe_size", &out->chunk);
		if (rc == 0)
			rc = scaled(out->chunk, SECTOR_BYTES, &out->chunk);
		if (rc < 0 || out->chunk == 0)
			return FW_ECORRUPT;
	}
	out->stripes = arena_alloc(group->scan->arena, nr_stripes * sizeof(*out->stripes));
	if (out->stripes == NULL)
		return FW_ENOMEM;
	for (unsigned int i = 0; i < nr_stripes && rc == 0; i++)
		rc = take_stripe(group, &text, &out->stripes[i]);
	return rc;
}

static int read_segments(const struct group *group, struct lvm_text body, struct lvm_segment *segments,
			 unsigned int nr_segments)
{
	unsigned int nr = 0;
	uint64_t end = 0;
	struct lvm_item item;
	int rc;

	while ((rc = lvm_next(&body, &item)) == 1) {
		if (item.kind != LVM_SECTION)
			continue;
		if (nr == nr_segments)
			return FW_ECORRUPT;
		rc = read_segment(group, item.body, &segments[nr]);
		if (rc < 0)
			return rc;
		if (segments[nr].offset != end)
			return FW_ECORRUPT;
		end += segments[nr].len;
		if (end > MAX_BYTES)
			return FW_ECORRUPT;
		nr++;
	}
	if (rc == 0 && nr < nr_segments)
		return FW_ECORRUPT;
	return rc;
}

/* Whether a list of strings holds this one. */
static bool has_word(struct lvm_text list, const char *word)
{
	struct lvm_item item;

	while (lvm_next_value(&list, &item) == 1)
		if (item.kind == LVM_STRING && lvm_is(item.body, word))
			return true;
	return false;
}

static int add_logical(struct group *group, const struct lvm_item *item)
{
	struct arena *arena = group->scan->arena;
	char name[sizeof(((struct volume *)0)->lvm_name)];
	struct lvm_segment *segments;
	struct lvm_text status;
	struct lvm_text id;
	struct volume *volume;
	struct source *source;
	uint64_t nr;
	int rc = lvm_find(item->body, "status", LVM_LIST, &status);

	/* Parts of others, as a mirror's legs are. */
	if (rc == 0 && !has_word(status, "VISIBLE"))
		return 0;
	if (rc == 0)
		rc = lvm_find(item->body, "id", LVM_STRING, &id);
	if (rc == 0)
		rc = lvm_find_number(item->body, "segment_count", &nr);
	if (rc < 0)
		return rc;
	if (nr == 0 || nr > MAX_SEGMENTS || item->name.end - item->name.at > MAX_NAME)
		return FW_ECORRUPT;
	segments = arena_alloc(arena, nr * sizeof(*segments));
	if (segments == NULL)
		return FW_ENOMEM;
	rc = read_segments(group, item->body, segments, nr);
	if (rc < 0)
		return rc;
	print_to(name, sizeof(name), "%.*s/%.*s", (int)(group->name.end - group->name.at), group->name.at,
		 (int)(item->name.end - item->name.at), item->name.at);
	source = lvm_logical(arena, segments, nr, name);
	if (source == NULL)
		return FW_ENOMEM;
	volume = scan_add(group->scan, source, VOLUME_LOGICAL, 0);
	if (volume == NULL)
		return 0;
	memcpy(volume->lvm_name, name, sizeof(name));
	print_to(volume->lvm_uuid, sizeof(volume->lvm_uuid), "%.*s/%.*s", (int)(group->id.end - group->id.at),
		 group->id.at, (int)(id.end - id.at), id.at);
	return 0;
}

static int add_all(struct group *group, struct lvm_text body)
{
	struct lvm_item item;
	int rc;

	while ((rc = lvm_next(&body, &item)) == 1) {
		size_t used = group->scan->arena->used;

		if (item.kind != LVM_SECTION)
			continue;
		rc = add_logical(group, &item);
		if (rc == FW_ENOMEM)
			return rc;
		if (rc < 0) {
			arena_release(group->scan->arena, used);
			print("%.*s/%.*s: can't be used: %s\n", (int)(group->name.end - group->name.at), group->name.at,
			      (int)(item.name.end - item.name.at), item.name.at,
			      rc == FW_ENOENT ? "a physical volume of it is missing" : fw_error_text(rc));
		}
	}
	return rc;
}

static int read_group(struct group *group, const struct lvm_pvs *pvs, struct lvm_text metadata)
{
	struct lvm_item top;
	struct lvm_text body;
	int rc;

	do {
		rc = lvm_next(&metadata, &top);
		if (rc <= 0)
			return FW_ECORRUPT;
	} while (top.kind != LVM_SECTION);
	group->name = top.name;
	if (group->name.end - group->name.at > MAX_NAME)
		return FW_ECORRUPT;
	rc = lvm_find(top.body, "id", LVM_STRING, &group->id);
	if (rc == 0)
		rc = lvm_find_number(top.body, "extent_size", &group->extent_bytes);
	if (rc == 0)
		rc = scaled(group->extent_bytes, SECTOR_BYTES, &group->extent_bytes);
	if (rc == 0)
		rc = lvm_find(top.body, "physical_volumes", LVM_SECTION, &body);
	if (rc == 0)
		rc = read_members(group, pvs, body);
	if (rc < 0)
		return rc;
	/* A group without logical volumes has no such section. */
	if (lvm_find(top.body, "logical_volumes", LVM_SECTION, &body) < 0)
		return 0;
	return add_all(group, body);
}

int lvm_add_group(struct scan *scan, const struct lvm_pvs *pvs, struct lvm_text metadata)
{
	struct group *group = arena_alloc(scan->arena, sizeof(*group));
	int rc;

	if (group == NULL)
		return FW_ENOMEM;
	group->scan = scan;
	rc = read_group(group, pvs, metadata);
	if (rc < 0 && rc != FW_ENOMEM) {
		print("the metadata of a volume group is damaged\n");
		rc = 0;
	}
	return rc;
}
