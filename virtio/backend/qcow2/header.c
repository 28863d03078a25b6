#include "virtio/backend/qcow2/header.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "vmm/base/checked.h"
#include "vmm/base/log.h"

#define MAGIC 0x514649fbu /* "QFI\xfb" */
#define V2_BYTES 72
#define V3_BYTES 104

/* The tables' limits are QEMU's, and keep what an image can make us hold in memory small. */
#define MAX_L1_BYTES (32u * 1024 * 1024)
#define MAX_REFCOUNT_TABLE_BYTES (8u * 1024 * 1024)
#define MAX_SNAPSHOTS 65536

#define INCOMPATIBLE_DIRTY (UINT64_C(1) << 0)
#define INCOMPATIBLE_CORRUPT (UINT64_C(1) << 1)
#define INCOMPATIBLE_DATA_FILE (UINT64_C(1) << 2)
#define INCOMPATIBLE_COMPRESSION (UINT64_C(1) << 3)
#define INCOMPATIBLE_EXTENDED_L2 (UINT64_C(1) << 4)

#define EXTENSION_END 0u
#define EXTENSION_BACKING_FORMAT 0xe2792acau
#define EXTENSION_FEATURE_NAMES 0x6803f857u
#define FEATURE_NAME_BYTES 46

#define refuse(error, ...)                                                                                             \
	({                                                                                                             \
		log_error("cannot open disk '%s': " __VA_ARGS__);                                                      \
		-(error);                                                                                              \
	})

static int check_incompatible(uint64_t features, const char *path)
{
	if (features & INCOMPATIBLE_CORRUPT)
		return refuse(EINVAL, "it is marked as corrupt; repair it (qemu-img check -r all)", path);
	if (features & INCOMPATIBLE_DIRTY)
		return refuse(EINVAL,
			      "it was not closed properly and its reference counts are not valid; repair it (qemu-img "
			      "check -r all)",
			      path);
	if (features & INCOMPATIBLE_DATA_FILE)
		return refuse(ENOTSUP, "it keeps its data in an external data file; convert it (qemu-img convert)",
			      path);
	if (features & INCOMPATIBLE_EXTENDED_L2)
		return refuse(ENOTSUP,
			      "it has subclusters (extended_l2); convert it (qemu-img convert -O qcow2 -o "
			      "extended_l2=off)",
			      path);
	return 0;
}

/* Each of these bounds something that is allocated or looped over later. */
static int check_tables(const struct qcow2_header *header, const char *path)
{
	uint64_t cluster_bytes = UINT64_C(1) << header->cluster_bits;
	uint64_t mapped_by_l1 = cluster_bytes * (cluster_bytes / 8);
	uint64_t needed = header->size_bytes / mapped_by_l1 + (header->size_bytes % mapped_by_l1 != 0);

	if (header->size_bytes == 0)
		return refuse(EINVAL, "its virtual disk is empty; give it a size (qemu-img resize)", path);
	if (header->size_bytes % 512 != 0 || header->size_bytes > INT64_MAX)
		return refuse(EINVAL, "its virtual disk can't be %llu bytes long", path,
			      (unsigned long long)header->size_bytes);
	if (header->l1_entries > MAX_L1_BYTES / 8 || needed > MAX_L1_BYTES / 8)
		return refuse(EINVAL, "its L1 table is too large: %llu entries", path,
			      (unsigned long long)(needed > header->l1_entries ? needed : header->l1_entries));
	if (header->l1_entries < needed)
		return refuse(EINVAL, "it is damaged: its L1 table has %u entries and its size needs %llu", path,
			      header->l1_entries, (unsigned long long)needed);
	if (header->refcount_table_clusters == 0 ||
	    header->refcount_table_clusters > MAX_REFCOUNT_TABLE_BYTES / cluster_bytes)
		return refuse(EINVAL, "it is damaged: its refcount table can't have %u clusters", path,
			      header->refcount_table_clusters);
	if (header->l1_offset % cluster_bytes != 0 || header->refcount_table_offset % cluster_bytes != 0)
		return refuse(EINVAL, "it is damaged: its tables do not begin at a cluster", path);
	if (header->nr_snapshots > MAX_SNAPSHOTS)
		return refuse(EINVAL, "it has too many snapshots (%u)", path, header->nr_snapshots);
	if (header->nr_snapshots > 0 && header->snapshots_offset % cluster_bytes != 0)
		return refuse(EINVAL, "it is damaged: its snapshots do not begin at a cluster", path);
	return 0;
}

static int parse_v3(const uint8_t *bytes, const char *path, struct qcow2_header *header)
{
	uint64_t incompatible = qcow2_be64(bytes + 72);
	int rc = check_incompatible(incompatible, path);

	if (rc < 0)
		return rc;
	header->autoclear = qcow2_be64(bytes + QCOW2_HEADER_AUTOCLEAR);
	header->refcount_order = qcow2_be32(bytes + 96);
	header->header_bytes = qcow2_be32(bytes + 100);
	if (header->header_bytes < V3_BYTES || header->header_bytes % 8 != 0 ||
	    header->header_bytes > (1u << header->cluster_bits))
		return refuse(EINVAL, "it is damaged: its header can't be %u bytes long", path, header->header_bytes);
	if (header->refcount_order > 6)
		return refuse(EINVAL, "it is damaged: its refcounts can't be 2^%u bits wide", path,
			      header->refcount_order);
	if (incompatible & INCOMPATIBLE_COMPRESSION) {
		uint8_t type = header->header_bytes > V3_BYTES ? bytes[V3_BYTES] : 0;

		if (type != QCOW2_ZSTD)
			return refuse(ENOTSUP,
				      "its compression type %u is not known here; convert it (qemu-img "
				      "convert)",
				      path, type);
		header->compression = QCOW2_ZSTD;
	}
	return 0;
}

int qcow2_header_parse(const uint8_t *bytes, size_t len, const char *path, struct qcow2_header *header)
{
	uint32_t encryption;

	*header = (struct qcow2_header){ .refcount_order = 4, .header_bytes = V2_BYTES };
	if (len < QCOW2_HEADER_BYTES || qcow2_be32(bytes) != MAGIC)
		return refuse(EINVAL, "it is not a qcow2 image; if it is a raw disk, say so (,format=raw)", path);
	header->version = qcow2_be32(bytes + 4);
	header->backing_offset = qcow2_be64(bytes + 8);
	header->backing_bytes = qcow2_be32(bytes + 16);
	header->cluster_bits = qcow2_be32(bytes + 20);
	header->size_bytes = qcow2_be64(bytes + 24);
	encryption = qcow2_be32(bytes + 32);
	header->l1_entries = qcow2_be32(bytes + 36);
	header->l1_offset = qcow2_be64(bytes + 40);
	header->refcount_table_offset = qcow2_be64(bytes + QCOW2_HEADER_REFCOUNT_TABLE);
	header->refcount_table_clusters = qcow2_be32(bytes + QCOW2_HEADER_REFCOUNT_TABLE + 8);
	header->nr_snapshots = qcow2_be32(bytes + 60);
	header->snapshots_offset = qcow2_be64(bytes + 64);

	if (header->version != 2 && header->version != 3)
		return refuse(ENOTSUP, "it is qcow2 of version %u, and only 2 and 3 are known here", path,
			      header->version);
	if (header->cluster_bits < QCOW2_MIN_CLUSTER_BITS || header->cluster_bits > QCOW2_MAX_CLUSTER_BITS)
		return refuse(EINVAL, "its clusters can't be 2^%u bytes long; 512 bytes to 2 MiB can be", path,
			      header->cluster_bits);
	if (encryption != 0)
		return refuse(ENOTSUP, "it is encrypted (%s); decrypt it first (qemu-img convert)", path,
			      encryption == 1	? "AES"
			      : encryption == 2 ? "LUKS"
						: "unknown method");
	if (header->version == 3) {
		int rc = parse_v3(bytes, path, header);

		if (rc < 0)
			return rc;
	}
	return check_tables(header, path);
}

/* --- extensions --- */

/* The name that the image's own table gives to an incompatible feature. */
static void feature_name(const uint8_t *table, uint32_t len, unsigned int bit, char name[FEATURE_NAME_BYTES + 1])
{
	name[0] = '\0';
	for (; len >= FEATURE_NAME_BYTES + 2; table += FEATURE_NAME_BYTES + 2, len -= FEATURE_NAME_BYTES + 2) {
		if (table[0] != 0 || table[1] != bit)
			continue;
		memcpy(name, table + 2, FEATURE_NAME_BYTES);
		name[FEATURE_NAME_BYTES] = '\0';
		for (char *c = name; *c != '\0'; c++)
			if (*c < ' ' || *c > '~')
				*c = '?';
		return;
	}
}

static int check_unknown_features(uint64_t unknown, const uint8_t *names, uint32_t names_len, const char *path)
{
	char name[FEATURE_NAME_BYTES + 1];
	unsigned int bit;

	if (unknown == 0)
		return 0;
	bit = (unsigned int)__builtin_ctzll(unknown);
	feature_name(names, names_len, bit, name);
	return refuse(ENOTSUP, "it needs a feature that is not known here: %s (incompatible bit %u)", path,
		      name[0] != '\0' ? name : "without a name", bit);
}

/* Names are shown to the user, a line each. */
static bool is_printable(const uint8_t *name, uint32_t len)
{
	while (len > 0 && *name >= ' ' && *name != 0x7f)
		name++, len--;
	return len == 0;
}

static int parse_backing_name(const uint8_t *cluster, uint32_t area_end, const char *path, struct qcow2_header *header)
{
	if (header->backing_offset == 0)
		return 0;
	if (header->backing_bytes == 0 || header->backing_bytes > QCOW2_MAX_NAME_BYTES ||
	    !range_contains(area_end, (UINT64_C(1) << header->cluster_bits) - area_end, header->backing_offset,
			    header->backing_bytes) ||
	    !is_printable(cluster + header->backing_offset, header->backing_bytes))
		return refuse(EINVAL, "it is damaged: its backing file has no valid name", path);
	memcpy(header->backing_name, cluster + header->backing_offset, header->backing_bytes);
	header->backing_name[header->backing_bytes] = '\0';
	return 0;
}

int qcow2_header_parse_rest(const uint8_t *cluster, const char *path, struct qcow2_header *header)
{
	uint32_t cluster_bytes = 1u << header->cluster_bits;
	uint32_t end = header->backing_offset != 0 && header->backing_offset < cluster_bytes
			       ? (uint32_t)header->backing_offset
			       : cluster_bytes;
	uint32_t at = header->header_bytes;
	const uint8_t *names = NULL;
	uint32_t names_len = 0;
	int rc;

	while (end > at && end - at >= 8) {
		uint32_t type = qcow2_be32(cluster + at);
		uint32_t len = qcow2_be32(cluster + at + 4);

		at += 8;
		if (type == EXTENSION_END)
			break;
		if (len > end - at)
			return refuse(EINVAL, "it is damaged: its header extension %08x is %u bytes long", path, type,
				      len);
		if (type == EXTENSION_FEATURE_NAMES) {
			names = cluster + at;
			names_len = len;
		} else if (type == EXTENSION_BACKING_FORMAT) {
			uint32_t keep = len < sizeof(header->backing_format) ? len : sizeof(header->backing_format) - 1;

			if (!is_printable(cluster + at, keep))
				return refuse(EINVAL, "it is damaged: its backing format has no valid name", path);
			memcpy(header->backing_format, cluster + at, keep);
			header->backing_format[keep] = '\0';
		}
		/* Padded to 8 bytes, which may reach beyond the end. */
		len = len + 7 > len ? (len + 7) & ~7u : len;
		at = len < end - at ? at + len : end;
	}
	rc = header->version < 3
		     ? 0
		     : check_unknown_features(qcow2_be64(cluster + 72) & ~UINT64_C(0x1f), names, names_len, path);
	if (rc < 0)
		return rc;
	return parse_backing_name(cluster, header->header_bytes, path, header);
}
