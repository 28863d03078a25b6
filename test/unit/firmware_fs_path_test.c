/* Paths: links, "..", loops and limits, over a file system of a few nodes; and files read in stretches. */
#include <stdio.h>
#include <string.h>

#include "firmware/core/error.h"
#include "firmware/fs/extent.h"
#include "firmware/fs/fs.h"
#include "test/unit/firmware_disk.h"
#include "test/unit/unit.h"

static const struct toy {
	unsigned int parent;
	const char *name;
	enum fs_kind kind;
	const char *text; /* a link's target, a file's bytes */
} toys[] = {
	{ 0, "", FS_DIRECTORY, "" },
	{ 0, "boot", FS_DIRECTORY, "" },
	{ 1, "vmlinuz-1", FS_FILE, "kernel" },
	{ 0, "vmlinuz", FS_LINK, "boot/vmlinuz-1" },
	{ 1, "up", FS_LINK, "../boot/../vmlinuz" },
	{ 1, "absolute", FS_LINK, "/boot" },
	{ 0, "a", FS_LINK, "b" },
	{ 0, "b", FS_LINK, "./a" },
	{ 0, "empty", FS_LINK, "" },
	{ 0, "nowhere", FS_LINK, "boot/none" },
	{ 1, "self", FS_LINK, "." },
	{ 0, "deep", FS_LINK, "deep/x" },
};

static int toy_open(unsigned int i, struct fs_node *out)
{
	*out = (struct fs_node){ .id = i, .kind = toys[i].kind, .size_bytes = strlen(toys[i].text) };
	return 0;
}

static int toy_root(struct fs *fs, struct fs_node *out)
{
	(void)fs;
	return toy_open(0, out);
}

static int toy_lookup(struct fs *fs, const struct fs_node *directory, const char *name, size_t len, struct fs_node *out)
{
	(void)fs;
	for (unsigned int i = 1; i < sizeof(toys) / sizeof(toys[0]); i++)
		if (toys[i].parent == directory->id && strlen(toys[i].name) == len &&
		    memcmp(toys[i].name, name, len) == 0)
			return toy_open(i, out);
	/* A directory that holds itself, to go down without an end. */
	if (len == 4 && memcmp(name, "down", 4) == 0)
		return toy_open((unsigned int)directory->id, out);
	return FW_ENOENT;
}

static int toy_read_link(struct fs *fs, const struct fs_node *link, char target[FS_PATH_MAX + 1])
{
	(void)fs;
	strcpy(target, toys[link->id].text);
	return 0;
}

static int64_t toy_read(struct fs *fs, const struct fs_node *file, uint64_t offset, void *buf, size_t len)
{
	(void)fs;
	(void)offset;
	memcpy(buf, toys[file->id].text, len);
	return (int64_t)len;
}

static const struct fs_ops toy_ops = {
	.root = toy_root, .lookup = toy_lookup, .read_link = toy_read_link, .read = toy_read
};

static struct fs toy_fs(void)
{
	return (struct fs){ .ops = &toy_ops, .arena = disk_arena() };
}

static int open_path(const char *path, unsigned int *id)
{
	struct fs fs = toy_fs();
	struct fs_node node = { .id = 99 };
	int rc = fs_open(&fs, path, &node);

	*id = (unsigned int)node.id;
	return rc;
}

START_TEST(test_walks)
{
	static const struct {
		const char *path;
		unsigned int id;
	} cases[] = {
		{ "/", 0 },
		{ "", 0 },
		{ "/boot", 1 },
		{ "boot", 1 },
		{ "//boot///", 1 },
		{ "/./boot/.", 1 },
		{ "/boot/vmlinuz-1", 2 },
		{ "/boot/..", 0 },
		{ "/../../boot", 1 },
		{ "/vmlinuz", 2 },
		{ "/boot/up", 2 },
		{ "/boot/absolute/up", 2 },
		{ "/boot/absolute/self/self/vmlinuz-1", 2 },
	};
	unsigned int id;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(open_path(cases[i].path, &id), 0);
		ck_assert_uint_eq(id, cases[i].id);
	}
}
END_TEST

START_TEST(test_refuses)
{
	unsigned int id;

	ck_assert_int_eq(open_path("/none", &id), FW_ENOENT);
	ck_assert_int_eq(open_path("/none/..", &id), FW_ENOENT);
	ck_assert_int_eq(open_path("/boot/vmlinuz-1/x", &id), FW_ENOENT);
	ck_assert_int_eq(open_path("/nowhere", &id), FW_ENOENT);
	ck_assert_int_eq(open_path("/empty", &id), FW_ENOENT);
	ck_assert_int_eq(open_path("/a", &id), FW_ELOOP);
	ck_assert_int_eq(open_path("/deep", &id), FW_ELOOP);
	ck_assert_uint_eq(id, 99);
}
END_TEST

START_TEST(test_limits)
{
	char path[2 * FS_PATH_MAX];
	unsigned int id;

	memset(path, 'x', sizeof(path));
	path[FS_PATH_MAX + 1] = '\0';
	ck_assert_int_eq(open_path(path, &id), FW_ETOOBIG);
	path[FS_PATH_MAX] = '\0';
	ck_assert_int_eq(open_path(path, &id), FW_ENOENT);
	memset(path, '/', FS_PATH_MAX);
	ck_assert_int_eq(open_path(path, &id), 0);
	/* Deeper than any distribution's files. */
	for (unsigned int i = 0; i < 100; i++)
		memcpy(path + i * 5, "down/", 5);
	path[5 * 40] = '\0';
	ck_assert_int_eq(open_path(path, &id), 0);
	path[5 * 40] = 'd';
	path[5 * 100] = '\0';
	ck_assert_int_eq(open_path(path, &id), FW_ETOOBIG);
}
END_TEST

START_TEST(test_last_link)
{
	struct fs fs = toy_fs();
	struct fs_node node;

	ck_assert_int_eq(fs_open_no_follow(&fs, "/vmlinuz", &node), 0);
	ck_assert_int_eq(node.kind, FS_LINK);
	ck_assert_int_eq(fs_open_no_follow(&fs, "/boot/absolute/vmlinuz-1", &node), 0);
	ck_assert_uint_eq(node.id, 2);
	ck_assert_int_eq(fs_open_no_follow(&fs, "/a", &node), 0);
	ck_assert_uint_eq(node.id, 6);
}
END_TEST

START_TEST(test_reads_file)
{
	struct fs fs = toy_fs();
	char *text = NULL;

	ck_assert_int_eq(fs_read_file(&fs, "/vmlinuz", 6, &text), 6);
	ck_assert_str_eq(text, "kernel");
	ck_assert_int_eq(fs_read_file(&fs, "/vmlinuz", 5, &text), FW_ETOOBIG);
	ck_assert_int_eq(fs_read_file(&fs, "/boot", 100, &text), FW_ENOENT);
	fs.arena->size = fs.arena->used;
	ck_assert_int_eq(fs_read_file(&fs, "/vmlinuz", 6, &text), FW_ENOMEM);
}
END_TEST

/* Blocks of 16 bytes: 0 to 9 in a row but told one by one, 10 a hole, 11 elsewhere, 12 damaged. */
static int map_toy(struct fs *fs, const struct fs_node *node, uint64_t offset, struct fs_extent *out)
{
	uint64_t block = offset / 16;

	(void)fs;
	(void)node;
	*out = (struct fs_extent){ .file_offset = block * 16, .len = 16, .disk_offset = 100 + block * 16 };
	if (block == 10)
		out->is_hole = true;
	if (block == 11)
		out->disk_offset = 500;
	if (block == 12)
		out->len = 0;
	return 0;
}

START_TEST(test_joins_stretches)
{
	const struct fs_node node = { .size_bytes = 13 * 16 };
	struct disk disk;
	const struct fs_ops ops = { .map = map_toy };
	struct fs fs = { .ops = &ops, .source = &disk.source };
	uint8_t buf[13 * 16];

	disk_init(&disk, "vda", 600);
	for (unsigned int i = 0; i < 600; i++)
		disk.bytes[i] = (uint8_t)i;
	memset(buf, 0xff, sizeof(buf));
	ck_assert_int_eq(fs_read_extents(&fs, &node, 5, buf, 12 * 16 - 5), 12 * 16 - 5);
	ck_assert_uint_eq(disk.nr_reads, 2);
	ck_assert_uint_eq(disk.largest_read, 155);
	ck_assert_mem_eq(buf, disk.bytes + 105, 155);
	ck_assert_uint_eq(buf[155] | buf[155 + 15], 0);
	ck_assert_mem_eq(buf + 155 + 16, disk.bytes + 500, 16);
	ck_assert_int_eq(fs_read_extents(&fs, &node, 190, buf, 100), FW_ECORRUPT);
	ck_assert_int_eq(fs_read_extents(&fs, &node, 13 * 16, buf, 1), 0);
	ck_assert_int_eq(fs_read_extents(&fs, &node, UINT64_MAX, buf, 1), 0);
	/* The disk ends before the file's last block. */
	disk.source.size_bytes = 510;
	ck_assert_int_eq(fs_read_extents(&fs, &node, 11 * 16, buf, 16), FW_ECORRUPT);
	ck_assert_int_eq(fs_read_whole(&fs, &node, 10 * 16, buf, 26), 0);
	disk_fini(&disk);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("firmware/fs: paths");
	TCase *tcase = tcase_create("paths");

	tcase_add_test(tcase, test_walks);
	tcase_add_test(tcase, test_refuses);
	tcase_add_test(tcase, test_limits);
	tcase_add_test(tcase, test_last_link);
	tcase_add_test(tcase, test_reads_file);
	tcase_add_test(tcase, test_joins_stretches);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return unit_main(suite());
}
