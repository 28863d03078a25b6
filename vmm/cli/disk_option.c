#include "vmm/cli/disk_option.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cli/disk_keys.h"
#include "vmm/cli/say.h"

int disk_option_parse(const char *text, struct disk_option *out)
{
	struct mote_disk disk = { 0 };
	char *storage, *rest;
	int rc;

	storage = strdup(text);
	if (!storage) {
		say("no memory for --disk");
		return -ENOMEM;
	}
	rest = storage;
	disk.path = option_next_word(&rest);
	if (disk.path[0] == '\0') {
		say("--disk '%s' names no disk: begin with the path of an image file or a block device, or with "
		    "lvm:VG/LV",
		    text);
		rc = -EINVAL;
		goto free_storage;
	}
	while (rest) {
		rc = option_apply("--disk", text, disk_keys, &disk, option_next_word(&rest));
		if (rc < 0)
			goto free_storage;
	}
	*out = (struct disk_option){ .disk = disk, .storage = storage };
	return 0;

free_storage:
	free(storage);
	return rc;
}

void disk_option_fini(struct disk_option *option)
{
	free(option->storage);
	*option = (struct disk_option){ 0 };
}
