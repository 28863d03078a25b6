/* From guest offsets to what is there, and changing it. */
#include "virtio/backend/qcow2/map.h"

#include <errno.h>
#include <string.h>

#include "virtio/backend/qcow2/damaged.h"
#include "virtio/backend/qcow2/fetch.h"
#include "virtio/backend/qcow2/reap.h"
#include "virtio/backend/qcow2/refcount.h"
#include "virtio/backend/qcow2/table.h"

/* One entry's kind, checked: whatever the image says, it can't lead outside the file or into the tables. */
static int decode(struct qcow2 *image, uint64_t entry, struct qcow2_extent *extent)
{
	uint64_t host = entry & QCOW2_OFFSET_MASK;

	*extent = (struct qcow2_extent){ .entry = entry };
	if (entry == 0)
		return 0;
	if (entry & QCOW2_COMPRESSED) {
		uint64_t len;

		extent->kind = QCOW2_IS_COMPRESSED;
		qcow2_compressed_place(image, entry, &host, &len);
		if (host < image->file_bytes && !(entry & QCOW2_COPIED))
			return 0;
		return qcow2_damaged(image, "a compressed cluster is said to be at %llu", (unsigned long long)host);
	}
	if ((entry & ~(QCOW2_OFFSET_MASK | QCOW2_COPIED | QCOW2_ZERO)) != 0 ||
	    ((entry & QCOW2_ZERO) && image->header.version < 3))
		return qcow2_damaged(image, "a cluster is described by %016llx", (unsigned long long)entry);
	if (host != 0) {
		if (host % image->cluster_bytes != 0 || host >= image->file_bytes ||
		    qcow2_set_has(&image->metadata, host >> image->cluster_bits))
			return qcow2_damaged(image, "a cluster is said to be at %llu", (unsigned long long)host);
		extent->host = host;
		extent->owned = (entry & QCOW2_COPIED) != 0;
	} else if (entry & QCOW2_COPIED) {
		return qcow2_damaged(image, "a cluster is described by %016llx", (unsigned long long)entry);
	}
	if (entry & QCOW2_ZERO)
		extent->kind = QCOW2_IS_ZERO;
	else if (host != 0)
		extent->kind = QCOW2_IS_DATA;
	return 0;
}

int qcow2_map(struct qcow2 *image, const struct qcow2_table *table, uint64_t offset, uint64_t length,
	      struct qcow2_extent *extent)
{
	uint64_t in_cluster = offset & (image->cluster_bytes - 1);
	uint64_t left = (UINT64_C(1) << (image->cluster_bits + image->l2_bits)) -
			(offset & ((UINT64_C(1) << (image->cluster_bits + image->l2_bits)) - 1));
	uint32_t index = qcow2_l2_index(image, offset);
	struct qcow2_extent next;
	int rc;

	if (length > left)
		length = left;
	if (table == NULL) {
		*extent = (struct qcow2_extent){ .kind = QCOW2_IS_ABSENT, .length = length };
		return 0;
	}
	rc = decode(image, qcow2_entry(table, index), extent);
	if (rc < 0)
		return rc;
	extent->length = image->cluster_bytes - in_cluster;
	if (extent->kind == QCOW2_IS_DATA)
		extent->host += in_cluster;
	while (extent->length < length && extent->kind != QCOW2_IS_COMPRESSED) {
		uint64_t entry = qcow2_entry(table, ++index);

		if ((entry & QCOW2_COMPRESSED) || decode(image, entry, &next) < 0 || next.kind != extent->kind ||
		    next.owned != extent->owned)
			break;
		if (extent->kind == QCOW2_IS_DATA && next.host != extent->host + extent->length)
			break;
		extent->length += image->cluster_bytes;
	}
	if (extent->length > length)
		extent->length = length;
	return 0;
}

bool qcow2_map_is_zeros(const struct qcow2 *image, const struct qcow2_extent *extent, uint64_t offset)
{
	return extent->kind == QCOW2_IS_ZERO ||
	       (extent->kind == QCOW2_IS_ABSENT &&
		(image->backing == NULL || offset >= image->backing->geometry.size_bytes));
}

int qcow2_map_table(struct qcow2 *image, uint64_t offset, struct block_walk *walk, struct qcow2_table **out)
{
	uint64_t i = qcow2_l1_index(image, offset);

	if ((image->l1[i] & QCOW2_OFFSET_MASK) == 0) {
		*out = NULL;
		return 0;
	}
	return qcow2_table_get(image, &image->l2[i], image->l1[i] & QCOW2_OFFSET_MASK, walk, out);
}

static void set_l1(struct qcow2 *image, uint64_t i, uint64_t host)
{
	image->l1[i] = host | QCOW2_COPIED;
	qcow2_dirty_add(&image->l1_dirty, 8 * i, 8);
}

int qcow2_map_own_table(struct qcow2 *image, uint64_t offset, struct block_walk *walk, struct qcow2_table **out)
{
	uint64_t i = qcow2_l1_index(image, offset);
	uint64_t old = image->l1[i] & QCOW2_OFFSET_MASK;
	struct qcow2_table *table;
	struct qcow2_run run;
	int rc = qcow2_map_table(image, offset, walk, &table);

	if (rc < 0)
		return rc;
	if (table != NULL && (image->l1[i] & QCOW2_COPIED)) {
		*out = table;
		return 0;
	}
	/* Looking for a place may drop other tables from the cache. */
	if (table != NULL)
		table->nr_pins++;
	rc = qcow2_refcount_take(image, 1, true, walk, &run);
	if (table != NULL)
		table->nr_pins--;
	if (rc < 0)
		return rc;
	if (table == NULL) {
		rc = qcow2_table_make(image, &image->l2[i], run.host, &table);
		if (rc < 0) {
			qcow2_set_remove(&image->metadata, run.host >> image->cluster_bits);
			qcow2_refcount_untake(image, run.host, 1);
			return rc;
		}
	} else {
		/* A snapshot keeps the old one. */
		qcow2_set_remove(&image->metadata, old >> image->cluster_bits);
		qcow2_reap_later(image, old, image->cluster_bytes);
		table->offset = run.host;
		qcow2_table_dirty(table, 0, image->cluster_bytes);
	}
	set_l1(image, i, run.host);
	*out = table;
	return 0;
}

void qcow2_map_set(struct qcow2 *image, struct qcow2_table *table, uint32_t index, uint64_t entry, bool keep_place)
{
	uint64_t old = qcow2_entry(table, index);
	uint64_t stored = htobe64(entry);

	memcpy(table->bytes + 8 * (size_t)index, &stored, sizeof(stored));
	qcow2_table_dirty(table, 8 * (uint64_t)index, 8);
	if (keep_place)
		return;
	if (old & QCOW2_COMPRESSED) {
		uint64_t host, len;

		qcow2_compressed_place(image, old, &host, &len);
		qcow2_reap_later(image, host, len);
	} else if (old & QCOW2_OFFSET_MASK) {
		qcow2_reap_later(image, old & QCOW2_OFFSET_MASK, image->cluster_bytes);
	}
}
