#include "test/unit/firmware_fs_support.h"

#include "firmware/core/error.h"
#include "test/unit/unit.h"

struct disk disk;
struct fs fs;

int mount_disk(void)
{
	return fs_mount(&disk.source, disk_arena(), &fs);
}

int64_t read_file(const char *path, uint8_t *buf, size_t len)
{
	struct fs_node node;
	int rc = mount_disk();

	if (rc != 1)
		return rc == 0 ? FW_ENOENT : rc;
	rc = fs_open(&fs, path, &node);
	return rc < 0 ? rc : fs.ops->read(&fs, &node, 0, buf, len);
}

static int count(void *arg, const char *name, size_t len, enum fs_kind kind)
{
	(void)name;
	(void)len;
	(void)kind;
	++*(unsigned int *)arg;
	return 0;
}

int list_node(const struct fs_node *directory, unsigned int *nr)
{
	*nr = 0;
	return fs.ops->list(&fs, directory, count, nr);
}

int list_root(unsigned int *nr)
{
	struct fs_node root;

	ck_assert_int_eq(mount_disk(), 1);
	ck_assert_int_eq(fs.ops->root(&fs, &root), 0);
	return list_node(&root, nr);
}

void teardown(void)
{
	disk_fini(&disk);
}
