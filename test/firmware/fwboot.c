/* fwboot: the boot loader itself on the host, with disk images for disks. It goes as far as `mote inspect` does.
 *
 *	fwboot inspect [--entry ENTRY] [--append TEXT] IMAGE...	what would be started, in the words of `mote inspect`
 *	fwboot damage ROUNDS SEED IMAGE...	the same again and again, always with other bytes damaged
 *
 * Where nothing can be started, "failed: " and why is the answer, and the exit status is 2; what the loader saw goes to
 * the standard error then. Half of the damaged disks are booted up to the start.
 *
 * It is the loader's own main() and all that it calls. What is played here is the machine below it: its disks, and the
 * calls to the VMM. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/loader/call.h"
#include "firmware/loader/disk.h"
#include "test/firmware/images.h"

#define ARENA_BYTES (7u << 20) /* as the VMM gives the loader */
#define FILES_BYTES (64u << 20)
#define TEXT_BYTES 4096 /* of an option */
#define ROUND_SECONDS 60 /* after which a round counts as a hang */

/* Exit statuses. A sanitizer's is 1. */
enum answer {
	ANSWER_ENTRY = EXIT_SUCCESS, /* something would be started */
	ANSWER_MISTAKE = 1, /* in the arguments */
	ANSWER_REFUSAL = 2,
};

_Noreturn void loader_main(const struct loader_info *given);

static struct images images;
static bool is_silent;

/* The disks: images in memory. */

static int read_image(struct source *source, uint64_t offset, void *buf, size_t len)
{
	for (unsigned int i = 0; i < images.nr; i++)
		if (strcmp(images.sources[i]->name, source->name) == 0)
			return source_read(images.sources[i], offset, buf, len);
	return FW_EIO;
}

int disks_open(struct disks *disks, const struct pci_host *host, struct arena *arena)
{
	(void)host;
	*disks = (struct disks){ 0 };
	for (unsigned int i = 0; i < images.nr; i++) {
		struct disk *disk = arena_alloc(arena, sizeof(*disk));

		if (disk == NULL)
			return FW_ENOMEM;
		disk->source = *images.sources[i];
		/* A disk has whole sectors. */
		disk->source.size_bytes -= disk->source.size_bytes % VIRTIO_BLK_SECTOR;
		disk->source.read = read_image;
		disks->list[disks->nr++] = disk;
	}
	return 0;
}

void disks_close(struct disks *disks)
{
	(void)disks;
}

/* The calls to the VMM. */

void call_init(uint32_t doorbell)
{
	(void)doorbell;
}

void call_say(enum loader_to to, const char *text, size_t len)
{
	if (is_silent)
		return;
	if (to == LOADER_TO_REPORT)
		fprintf(stdout, "%.*s", (int)len, text);
	else
		fprintf(stderr, "%.*s\n", (int)len, text);
}

int call_key(uint32_t timeout_ms)
{
	(void)timeout_ms;
	return LOADER_NO_KEY;
}

int call_kernel(const void *kernel, size_t kernel_bytes, const char *name)
{
	(void)kernel;
	(void)kernel_bytes;
	(void)name;
	return LOADER_OK;
}

int call_start(const struct call_start *start)
{
	(void)start;
	exit(ANSWER_ENTRY);
}

_Noreturn void call_fail(const char *why)
{
	if (!is_silent)
		printf("failed: %s\n", why);
	exit(ANSWER_REFUSAL);
}

_Noreturn void call_done(void)
{
	exit(ANSWER_ENTRY);
}

/* Memory that the loader can name: its addresses have 32 bits. */
static uint32_t map_low(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_32BIT, -1,
			0);

	if (at == MAP_FAILED) {
		perror("fwboot: mmap");
		exit(ANSWER_MISTAKE);
	}
	return (uint32_t)(uintptr_t)at;
}

static uint32_t map_text(const char *text)
{
	uint32_t at = map_low(TEXT_BYTES);

	(void)print_to((void *)(uintptr_t)at, TEXT_BYTES, "%s", text);
	return at;
}

static _Noreturn void run_loader(uint32_t flags, const char *entry, const char *append)
{
	const struct loader_info info = {
		.magic = LOADER_MAGIC,
		.version = LOADER_VERSION,
		.flags = flags,
		.arena = map_low(ARENA_BYTES),
		.arena_bytes = ARENA_BYTES,
		.files = map_low(FILES_BYTES),
		.files_bytes = FILES_BYTES,
		.entry = map_text(entry),
		.entry_bytes = (uint32_t)strlen(entry),
		.append = map_text(append),
		.append_bytes = (uint32_t)strlen(append),
	};

	loader_main(&info);
}

/* A process for each: the loader starts only once, and the damage goes with it. */
static int damage_round(uint64_t seed)
{
	struct images_damage damage;
	int status;
	pid_t child = fork();

	if (child == 0) {
		is_silent = true;
		images_damage(&images, seed, &damage);
		alarm(ROUND_SECONDS);
		run_loader(seed % 2 == 0 ? LOADER_INSPECT : 0, "", "");
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		perror("fwboot");
		return -1;
	}
	if (WIFEXITED(status) && (WEXITSTATUS(status) == ANSWER_ENTRY || WEXITSTATUS(status) == ANSWER_REFUSAL))
		return 0;
	fprintf(stderr, "fwboot: no answer with seed %llu: %s %d\n", (unsigned long long)seed,
		WIFSIGNALED(status) ? "signal" : "exit status",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return -1;
}

static int damage(unsigned long rounds, uint64_t seed)
{
	for (unsigned long i = 0; i < rounds; i++)
		if (damage_round(seed + i) < 0)
			return EXIT_FAILURE;
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	const char *entry = "";
	const char *append = "";
	bool is_damage = strcmp(verb, "damage") == 0;
	int first = is_damage ? 4 : 2;

	for (; !is_damage && first + 1 < argc && argv[first][0] == '-'; first += 2) {
		if (strcmp(argv[first], "--entry") == 0)
			entry = argv[first + 1];
		else if (strcmp(argv[first], "--append") == 0)
			append = argv[first + 1];
	}
	if (argc <= first || (!is_damage && strcmp(verb, "inspect") != 0) || strlen(entry) >= TEXT_BYTES ||
	    strlen(append) >= TEXT_BYTES) {
		fprintf(stderr,
			"usage: fwboot inspect [--entry ENTRY] [--append TEXT] | damage ROUNDS SEED  IMAGE...\n");
		return ANSWER_MISTAKE;
	}
	if (images_open(&images, (unsigned int)(argc - first), argv + first) < 0)
		return ANSWER_MISTAKE;
	if (is_damage)
		return damage(strtoul(argv[2], NULL, 0), strtoull(argv[3], NULL, 0));
	run_loader(LOADER_INSPECT, entry, append);
}
