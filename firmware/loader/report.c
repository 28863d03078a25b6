#include "firmware/loader/report.h"

#include "firmware/core/print.h"
#include "firmware/loader/console.h"
#include "firmware/loader/drivers_check.h"
#include "firmware/loader/root_check.h"

static void report_volume(const struct system *system, unsigned int i)
{
	const struct volume *volume = &system->volumes[i];
	const struct mounted *mounted = system->mounted_on[i];
	const char *foreign = system->foreign[i].name;

	report_print("%s%s: %llu MiB", volume->kind == VOLUME_DISK ? "" : "  ", volume->source->name,
		     (unsigned long long)(volume->source->size_bytes >> 20));
	if (volume->kind == VOLUME_DISK && mounted == NULL && foreign == NULL)
		report_print(", divided");
	if (volume->is_esp)
		report_print(", EFI system partition");
	if (volume->is_xbootldr)
		report_print(", extended boot loader partition");
	if (mounted == NULL) {
		report_print("%s%s\n", foreign != NULL ? ", " : "", foreign != NULL ? foreign : "");
		return;
	}
	report_print(", %s", mounted->fs.ops->name);
	if (mounted->fs.label[0] != '\0')
		report_print(", label %s", mounted->fs.label);
	report_print("%s%s%s\n", mounted->fs.uuid[0] != '\0' ? ", UUID " : "", mounted->fs.uuid,
		     mounted->fs.has_log ? ", not unmounted: its log is not replayed" : "");
}

static void report_entries(const struct entries *entries, unsigned int chosen)
{
	report_print("entries of %s:\n", entries->list[chosen].origin);
	for (unsigned int i = 0; i < entries->nr; i++) {
		const struct entry *entry = &entries->list[i];

		report_print("%c %2u  %s%s%s\n", i == chosen ? '*' : ' ', i,
			     entry->submenu != NULL ? entry->submenu : "", entry->submenu != NULL ? " > " : "",
			     entry->title);
	}
}

void report_system(const struct system *system, unsigned int chosen)
{
	for (unsigned int i = 0; i < system->nr_volumes; i++)
		report_volume(system, i);
	report_entries(&system->entries, chosen);
}

static void report_kernel(const struct place_file *file, const struct loaded *loaded)
{
	report_print("kernel: %s on %s, %zu KiB, ", file->path, file->where->volume->source->name,
		     (loaded->kernel_bytes + 1023) / 1024);
	if (!loaded->facts.is_linux)
		report_print("%s ELF file\n", loaded->facts.is_64bit ? "64-bit" : "32-bit");
	else
		report_print("%s Linux %s\n", loaded->facts.is_64bit ? "64-bit" : "32-bit", loaded->facts.version);
}

static const char *const driver_words[] = {
	[DRIVERS_THERE] = "there",
	[DRIVERS_MISSING] = "missing: neither in the initrd nor in the kernel, so it will not find its disks",
	[DRIVERS_UNKNOWN] = "not known",
};

static void report_root(const struct system *system, const char *arguments)
{
	const struct mounted *root;

	switch (root_check(system, arguments, &root)) {
	case ROOT_READABLE:
		report_print("root: %s\n", root->volume->source->name);
		break;
	case ROOT_ENCRYPTED:
		report_print("root: encrypted, so the guest will ask for its key\n");
		break;
	case ROOT_UNKNOWN:
		report_print("root: nothing that was found on these disks\n");
		break;
	case ROOT_NOT_NAMED:
		report_print("root: not named by the arguments\n");
		break;
	}
}

void report_entry(const struct system *system, const struct choice *choice, const struct loaded *loaded)
{
	const struct entry *entry = &system->entries.list[choice->index];

	report_kernel(&entry->kernel, loaded);
	for (unsigned int i = 0; i < entry->nr_initrds; i++)
		report_print("initrd: %s on %s\n", entry->initrds[i].path,
			     entry->initrds[i].where->volume->source->name);
	report_print("arguments: %s\n", choice->arguments);
	report_root(system, choice->arguments);
	if (loaded->facts.is_linux)
		report_print("virtio drivers: %s\n", driver_words[drivers_check(system, loaded)]);
}
