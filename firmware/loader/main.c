/* The loader: disks, volumes, file systems, configuration, entry, kernel, start. */
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/loader/call.h"
#include "firmware/loader/choice.h"
#include "firmware/loader/clock.h"
#include "firmware/loader/load.h"
#include "firmware/loader/log.h"
#include "firmware/loader/menu.h"
#include "firmware/loader/report.h"
#include "firmware/loader/system.h"

#define WHY_BYTES 1400 /* of one sentence with a path */

static struct loader_info info;
static struct system system;
static struct choice choice;
static struct loaded loaded;

/* Ends the VM: first all that was seen on the way, then what is wrong. */
__attribute__((format(printf, 1, 2))) static _Noreturn void fail(const char *format, ...)
{
	char why[WHY_BYTES];
	va_list args;

	va_start(args, format);
	(void)print_args(why, sizeof(why), format, args, true);
	va_end(args);
	log_show();
	call_fail(why);
}

static void *memory_at(uint32_t address)
{
	return (void *)(uintptr_t)address;
}

static void start_up(const struct loader_info *given)
{
	info = *given;
	call_init(info.doorbell);
	clock_init(info.tsc_khz);
	if (info.magic != LOADER_MAGIC || info.version != LOADER_VERSION)
		fail("the loader and the VMM are of different versions");
	system.arena = (struct arena){ .base = memory_at(info.arena), .size = info.arena_bytes };
	if (info.flags & LOADER_VERBOSE)
		log_show();
}

static void find_system(void)
{
	const struct pci_host host = {
		.ecam = info.ecam,
		.nr_buses = info.nr_buses,
	};
	int ret = disks_open(&system.disks, &host, &system.arena);

	if (ret == 0)
		ret = system_find(&system);
	if (ret == FW_ENOENT)
		fail("nothing to boot: %s", system_missing(&system));
	if (ret < 0)
		fail("can't look at the disks: %s", fw_error_text(ret));
}

/* The entry that the user named, or the configuration's default. */
static unsigned int chosen_entry(void)
{
	char wanted[256];
	int index;

	if (info.entry_bytes == 0)
		return system.entries.chosen;
	(void)print_to(wanted, sizeof(wanted), "%.*s", (int)info.entry_bytes, (const char *)memory_at(info.entry));
	index = entries_choose(&system.entries, wanted);
	if (index >= 0)
		return (unsigned int)index;
	for (unsigned int i = 0; i < system.entries.nr; i++)
		print("entry %u: %s\n", i, system.entries.list[i].title);
	fail("there is no boot entry '%s'", wanted);
}

static void choose(void)
{
	const struct choice_append append = { memory_at(info.append), info.append_bytes };
	bool asked = info.flags & LOADER_MENU;

	choice_set(&choice, &system.entries, chosen_entry(), &append);
	if ((info.flags & LOADER_HAS_CONSOLE) == 0 || (info.flags & LOADER_INSPECT))
		return;
	if (asked || call_key(0) != LOADER_NO_KEY)
		menu_run(&system.entries, &append, &choice);
}

/* Gives the kernel to the VMM. */
static void hand_over(void)
{
	const struct place_file *kernel = &system.entries.list[choice.index].kernel;
	char name[WHY_BYTES];

	(void)print_to(name, sizeof(name), "%s on %s", kernel->path, kernel->where->volume->source->name);
	if (call_kernel(loaded.kernel, loaded.kernel_bytes, name) < 0)
		fail("the kernel %s can't be started", name);
}

/* The VMM need not wait for the initrd. */
static void hand_over_soon(void)
{
	system.disks.meanwhile = hand_over;
}

static void load(void)
{
	const struct load_room room = { .base = memory_at(info.files), .size = info.files_bytes };
	const struct entry *entry = &system.entries.list[choice.index];
	void (*kernel_is_read)(void) = info.flags & LOADER_INSPECT ? NULL : hand_over_soon;
	char why[WHY_BYTES];

	print("entry %u of %s: %s\n", choice.index, entry->origin, entry->title);
	if (load_entry(entry, &room, &loaded, kernel_is_read, why, sizeof(why)) < 0)
		fail("entry '%s': %s", entry->title, why);
	print("arguments: %s\n", choice.arguments);
}

static _Noreturn void start(void)
{
	const struct call_start call = {
		.initrd = loaded.initrd,
		.initrd_bytes = loaded.initrd_bytes,
		.command_line = choice.arguments,
	};

	/* No disk was busy for long enough. */
	if (system.disks.meanwhile != NULL)
		hand_over();
	disks_close(&system.disks);
	print("%u ms in the loader\n", clock_ms());
	(void)call_start(&call);
	fail("the kernel can't be started");
}

_Noreturn void loader_main(const struct loader_info *given);

_Noreturn void loader_main(const struct loader_info *given)
{
	start_up(given);
	find_system();
	choose();
	if (info.flags & LOADER_INSPECT)
		report_system(&system, choice.index);
	load();
	if ((info.flags & LOADER_INSPECT) == 0)
		start();
	report_entry(&system, &choice, &loaded);
	disks_close(&system.disks);
	call_done();
}
