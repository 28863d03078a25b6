/* LVM2: finding physical volumes and the newest metadata of each group (lvm2, lib/format_text/layout.h). */
#include "firmware/volume/lvm.h"

#include "firmware/core/bytes.h"
#include "firmware/core/crc32.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/core/wire.h"

#define LABEL_SECTORS 4 /* at the beginning, that may hold the label */
#define MAX_TEXT_BYTES (4u << 20)

#define CRC_START 0xf597a6cfu
#define LOCATION_IGNORED 1u

struct label {
	char magic[8];
	le64 sector; /* that it lies in */
	le32 crc; /* of what follows, to the sector's end */
	le32 offset; /* of the physical volume's header, from here */
	char type[8];
};
_Static_assert(sizeof(struct label) == 32, "label");

/* Behind the physical volume's UUID and size: areas for data, ended by zeroes, then areas for metadata, ended alike. */
struct area {
	le64 offset;
	le64 size;
};

struct location {
	le64 offset; /* from the area's beginning */
	le64 size;
	le32 crc;
	le32 flags;
};

struct area_header {
	le32 crc; /* of what follows, to the sector's end */
	char magic[16];
	le32 version;
	le64 start; /* where it is itself */
	le64 size;
	struct location locations[4]; /* the first counts; the second is not yet valid */
};
_Static_assert(offsetof(struct area_header, locations) == 40, "metadata area");

static uint32_t checksum(const void *buf, size_t len)
{
	return ~crc32(~CRC_START, buf, len);
}

/* The text lies in a ring behind the area's header. */
static int read_text(struct arena *arena, struct lvm_pv *pv, uint64_t start, uint64_t size,
		     const struct location *location)
{
	uint64_t offset = le64_get(location->offset);
	uint64_t len = le64_get(location->size);
	uint64_t first = len;
	char *text;
	int rc;

	if (offset == 0 || (le32_get(location->flags) & LOCATION_IGNORED))
		return 0;
	if (offset < SECTOR_BYTES || offset >= size || len > size - SECTOR_BYTES || len > MAX_TEXT_BYTES)
		return FW_ECORRUPT;
	text = arena_alloc(arena, len);
	if (text == NULL)
		return FW_ENOMEM;
	if (first > size - offset)
		first = size - offset;
	rc = source_read(pv->source, start + offset, text, first);
	if (rc == 0)
		rc = source_read(pv->source, start + SECTOR_BYTES, text + first, len - first);
	if (rc < 0)
		return rc;
	if (checksum(text, len) != le32_get(location->crc))
		return FW_ECORRUPT;
	pv->metadata = (struct lvm_text){ text, text + len };
	return 0;
}

static int read_area(struct arena *arena, struct lvm_pv *pv, const struct area *area)
{
	static const char magic[16] = {
		' ', 'L', 'V', 'M', '2', ' ', 'x', '[', '5', 'A', '%', 'r', '0', 'N', '*', '>'
	};
	uint64_t start = le64_get(area->offset);
	uint64_t size = le64_get(area->size);
	uint8_t sector[SECTOR_BYTES];
	struct area_header header;
	int rc = source_read(pv->source, start, sector, sizeof(sector));

	if (rc < 0)
		return rc;
	memcpy(&header, sector, sizeof(header));
	if (memcmp(header.magic, magic, sizeof(magic)) != 0 || le32_get(header.version) != 1 ||
	    le64_get(header.start) != start || le64_get(header.size) != size || size < SECTOR_BYTES ||
	    checksum(sector + sizeof(header.crc), sizeof(sector) - sizeof(header.crc)) != le32_get(header.crc))
		return FW_ECORRUPT;
	return read_text(arena, pv, start, size, &header.locations[0]);
}

/* The areas behind the header's first fields, in what is left of the sector. */
static int read_areas(struct arena *arena, struct lvm_pv *pv, const uint8_t *at, size_t left)
{
	unsigned int nr_lists = 0;
	int failed = 0;

	for (; left >= sizeof(struct area) && nr_lists < 2; at += sizeof(struct area), left -= sizeof(struct area)) {
		struct area area;
		int rc;

		memcpy(&area, at, sizeof(area));
		if (le64_get(area.offset) == 0) {
			nr_lists++;
			continue;
		}
		if (nr_lists == 0 || pv->metadata.at != NULL)
			continue;
		rc = read_area(arena, pv, &area);
		if (rc == FW_ENOMEM)
			return rc;
		if (rc < 0)
			failed = rc;
	}
	/* Another copy may do. */
	return pv->metadata.at != NULL ? 0 : failed;
}

/* Learns which group a copy of metadata is of, and how new it is. */
static void read_version(struct lvm_pv *pv)
{
	struct lvm_text text = pv->metadata;
	struct lvm_text id;
	struct lvm_item item;

	while (lvm_next(&text, &item) == 1) {
		if (item.kind != LVM_SECTION)
			continue;
		if (lvm_find(item.body, "id", LVM_STRING, &id) == 0 &&
		    lvm_find_number(item.body, "seqno", &pv->seqno) == 0)
			pv->group = id;
		return;
	}
}

/* 1 if this source is a physical volume. */
static int read_pv(struct arena *arena, struct source *source, struct lvm_pv *pv)
{
	uint8_t sector[SECTOR_BYTES];
	struct label label;
	uint32_t offset;
	int rc;

	for (unsigned int i = 0; i < LABEL_SECTORS; i++) {
		if (source->size_bytes < (i + 1) * (uint64_t)sizeof(sector))
			return 0;
		rc = source_read(source, i * sizeof(sector), sector, sizeof(sector));
		if (rc < 0)
			return rc;
		memcpy(&label, sector, sizeof(label));
		if (memcmp(label.magic, "LABELONE", 8) != 0 || memcmp(label.type, "LVM2 001", 8) != 0 ||
		    le64_get(label.sector) != i ||
		    checksum(sector + offsetof(struct label, offset),
			     sizeof(sector) - offsetof(struct label, offset)) != le32_get(label.crc))
			continue;
		offset = le32_get(label.offset);
		if (offset > sizeof(sector) - LVM_UUID_BYTES - sizeof(le64))
			return FW_ECORRUPT;
		*pv = (struct lvm_pv){ .source = source };
		memcpy(pv->uuid, sector + offset, sizeof(pv->uuid));
		offset += LVM_UUID_BYTES + sizeof(le64);
		rc = read_areas(arena, pv, sector + offset, sizeof(sector) - offset);
		read_version(pv);
		return rc < 0 ? rc : 1;
	}
	return 0;
}

/* Whether no other copy of the same group is newer, and none of the same age stands before it. */
static bool is_newest(const struct lvm_pvs *pvs, unsigned int index)
{
	const struct lvm_pv *pv = &pvs->list[index];

	if (pv->group.at == NULL)
		return false;
	for (unsigned int i = 0; i < pvs->nr; i++) {
		const struct lvm_pv *other = &pvs->list[i];

		if (i != index && other->group.at != NULL && lvm_is_same(pv->group, other->group) &&
		    (other->seqno > pv->seqno || (other->seqno == pv->seqno && i < index)))
			return false;
	}
	return true;
}

/* By name; they are few. */
static void sort(struct volume *volumes, unsigned int nr)
{
	for (unsigned int i = 1; i < nr; i++) {
		struct volume volume = volumes[i];
		unsigned int j = i;

		for (; j > 0 && strcmp(volumes[j - 1].lvm_name, volume.lvm_name) > 0; j--)
			volumes[j] = volumes[j - 1];
		volumes[j] = volume;
	}
}

static int find_pvs(struct scan *scan, struct lvm_pvs *pvs)
{
	for (unsigned int i = 0; i < scan->nr; i++) {
		struct source *source = scan->volumes[i].source;
		int rc;

		if (pvs->nr == LVM_MAX_PVS) {
			print("more than %u physical volumes: the rest is not looked at\n", LVM_MAX_PVS);
			break;
		}
		rc = read_pv(scan->arena, source, &pvs->list[pvs->nr]);
		if (rc == FW_ENOMEM)
			return rc;
		if (rc < 0)
			print("%s: the LVM2 metadata can't be read: %s\n", source->name, fw_error_text(rc));
		/* With damaged metadata it still holds extents, that another copy describes. */
		pvs->nr += rc == 1 || pvs->list[pvs->nr].source == source;
	}
	return 0;
}

int lvm_scan(struct scan *scan)
{
	unsigned int first = scan->nr;
	struct lvm_pvs *pvs = arena_alloc(scan->arena, sizeof(*pvs));
	int rc;

	if (pvs == NULL)
		return FW_ENOMEM;
	rc = find_pvs(scan, pvs);
	for (unsigned int i = 0; i < pvs->nr && rc == 0; i++)
		if (is_newest(pvs, i))
			rc = lvm_add_group(scan, pvs, pvs->list[i].metadata);
	sort(scan->volumes + first, scan->nr - first);
	return rc;
}
