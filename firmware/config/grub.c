#include "firmware/config/grub.h"

#include "firmware/config/grub_script.h"
#include "firmware/config/places.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"

#define BUDGET_BYTES (16u << 20) /* of script that is walked over, by all files of all disks */
#define SCRATCH_BYTES (64u << 10) /* of the words of commands inside of each other */

static void set_defaults(struct grub *grub)
{
	char name[PLACES_DEVICE_MAX];

	places_device_name(grub->scope.where, name);
	grub_set(grub, "root", sizeof("root") - 1, name);
	grub_set(grub, "grub_cpu", sizeof("grub_cpu") - 1, "x86_64");
	grub_set(grub, "grub_platform", sizeof("grub_platform") - 1, "pc");
	grub_set_directory(grub, "prefix");
	grub_set_directory(grub, "cmdpath");
	grub_set_directory(grub, "config_directory");
}

int grub_read(struct places *places, struct mounted *where, const char *path, struct entries *out)
{
	struct grub grub = {
		.places = places,
		.arena = places->arena,
		.scope = { .path = path, .where = where },
		.budget = BUDGET_BYTES - places->script_bytes,
	};
	char *text;
	int64_t len = places_read(where, path, &text);

	if (len < 0)
		return (int)len;
	print("reading %s on %s\n", path, where->fs.source->name);
	grub.scope.menu = &grub.menu;
	grub.scratch.base = arena_alloc(places->arena, SCRATCH_BYTES + 1);
	grub.scratch.size = SCRATCH_BYTES;
	if (grub.scratch.base == NULL)
		return FW_ENOMEM;
	set_defaults(&grub);
	grub_run(&grub, (struct grub_cursor){ .at = text, .end = text + len });
	/* A small file on the EFI system partition may have led to the one that holds the menu. */
	grub.origin = places_origin(places->arena, grub.scope.where, grub.scope.path);
	if (grub.origin == NULL)
		return FW_ENOMEM;
	if (grub.error == 0)
		grub_list(&grub, out);
	places->script_bytes = BUDGET_BYTES - grub.budget;
	return grub.error;
}
