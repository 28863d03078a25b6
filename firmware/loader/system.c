#include "firmware/loader/system.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"

static bool is_divided(const struct system *system, const struct volume *disk)
{
	for (unsigned int i = 0; i < system->nr_volumes; i++) {
		const struct volume *volume = &system->volumes[i];

		if (volume->kind == VOLUME_PARTITION && volume->disk == disk->disk)
			return true;
	}
	return false;
}

static void say_foreign(struct system *system, unsigned int i)
{
	struct volume *volume = &system->volumes[i];

	/* A disk that has partitions need hold nothing itself. */
	if (volume->kind == VOLUME_DISK && is_divided(system, volume))
		return;
	system->foreign[i] = foreign_recognise(volume->source);
	print("%s: %s\n", volume->source->name,
	      system->foreign[i].name != NULL ? system->foreign[i].name : "nothing that is known");
}

static void mount(struct system *system, unsigned int i)
{
	struct volume *volume = &system->volumes[i];
	struct mounted *mounted = &system->mounted[system->places.nr];
	int ret;

	ret = fs_mount(volume->source, &system->arena, &mounted->fs);
	if (ret < 0) {
		print("%s: can't read its file system: %s\n", volume->source->name, fw_error_text(ret));
		system->foreign[i].name = "a file system that can't be read";
		return;
	}
	if (ret == 0) {
		say_foreign(system, i);
		return;
	}
	mounted->volume = volume;
	system->mounted_on[i] = mounted;
	system->places.nr++;
	print("%s: %s", volume->source->name, mounted->fs.ops->name);
	if (mounted->fs.label[0] != '\0')
		print(", label %s", mounted->fs.label);
	if (mounted->fs.uuid[0] != '\0')
		print(", UUID %s", mounted->fs.uuid);
	print("\n");
}

int system_find(struct system *system)
{
	struct source *sources[DISK_MAX];
	int ret;

	for (unsigned int i = 0; i < system->disks.nr; i++)
		sources[i] = &system->disks.list[i]->source;
	ret = volume_scan(sources, system->disks.nr, &system->arena, system->volumes);
	if (ret < 0)
		return ret;
	system->nr_volumes = (unsigned int)ret;
	system->places.mounted = system->mounted;
	system->places.arena = &system->arena;
	for (unsigned int i = 0; i < system->nr_volumes; i++)
		mount(system, i);
	if (system->places.nr == 0)
		return FW_ENOENT;
	return entries_find(&system->places, &system->entries);
}
