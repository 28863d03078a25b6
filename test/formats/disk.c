#include "test/formats/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void disk_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static unsigned int choice(const char *option, const char *word, const char *const *words, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		if (strcmp(word, words[i]) == 0)
			return i;
	disk_fail("--%s %s: not known", option, word);
}

static const char *const formats[] = { "auto", "raw", "qcow2" };
static const char *const caches[] = { "auto", "direct", "writeback" };
static const char *const engines[] = { "auto", "io_uring", "aio", "thread" };

static const struct option long_options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "overlay", required_argument, NULL, 'o' },
	{ "cache", required_argument, NULL, 'c' },
	{ "engine", required_argument, NULL, 'e' },
	{ "block", required_argument, NULL, 'b' },
	{ "no-discard", no_argument, NULL, 'n' },
	{ "read-only", no_argument, NULL, 'r' },
	{ "seed", required_argument, NULL, 's' },
	{ "steps", required_argument, NULL, 't' },
	{ "depth", required_argument, NULL, 'd' },
	{ "model", required_argument, NULL, 'm' },
	{ "state", required_argument, NULL, 'S' },
	{ "verify", no_argument, NULL, 'v' },
	{ "odd", no_argument, NULL, 'O' },
	{ NULL, 0, NULL, 0 },
};

static void parse_one(int option, const char *word, struct disk_arguments *arguments)
{
	struct block_options *options = &arguments->options;

	switch (option) {
	case 'f':
		options->format = (enum block_format)choice("format", word, formats, 3);
		break;
	case 'o':
		options->overlay = strcmp(word, "temp") == 0 ? BLOCK_OVERLAY_TEMPORARY : BLOCK_OVERLAY_KEEP;
		options->overlay_path = strcmp(word, "temp") == 0 ? NULL : word;
		break;
	case 'c':
		options->cache = (enum block_cache)choice("cache", word, caches, 3);
		break;
	case 'e':
		arguments->engine = (enum loop_engine)choice("engine", word, engines, 4);
		break;
	case 'b':
		options->logical_block_bytes = (uint32_t)strtoul(word, NULL, 0);
		break;
	case 'n':
		options->discard = false;
		break;
	case 'r':
		options->read_only = true;
		break;
	case 's':
		arguments->seed = strtoull(word, NULL, 0);
		break;
	case 't':
		arguments->nr_steps = strtoul(word, NULL, 0);
		break;
	case 'd':
		arguments->depth = (unsigned int)strtoul(word, NULL, 0);
		break;
	case 'm':
		arguments->model = word;
		break;
	case 'S':
		arguments->state = word;
		break;
	case 'v':
		arguments->verify = true;
		break;
	case 'O':
		arguments->odd = true;
		break;
	default:
		disk_fail(
			"usage: [--format F] [--overlay FILE|temp] [--cache C] [--engine E] [--block N] [--no-discard] "
			"[--read-only] [--seed N] [--steps N] [--depth N] [--model FILE] [--state FILE] [--verify] "
			"[--odd] IMAGE");
	}
}

void disk_parse(int argc, char **argv, struct disk_arguments *arguments)
{
	int option;

	*arguments = (struct disk_arguments){ .options.discard = true, .seed = 1, .depth = 16 };
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		parse_one(option, optarg, arguments);
	if (optind != argc - 1 || arguments->depth == 0)
		parse_one('?', NULL, arguments);
	arguments->options.path = argv[optind];
	arguments->seed = arguments->seed * 0x9e3779b97f4a7c15u + 1;
}

void disk_open(const struct disk_arguments *arguments, struct disk *disk)
{
	struct loop_config config = { .name = "formats", .engine = arguments->engine };
	int rc = block_open(&arguments->options, &disk->block);

	if (rc < 0)
		disk_fail("%s: refused (%s)", arguments->options.path, strerror(-rc));
	rc = loop_create(&config, &disk->loop);
	if (rc < 0)
		disk_fail("no event loop: %s", strerror(-rc));
	rc = block_attach(disk->block, disk->loop);
	if (rc < 0)
		disk_fail("%s: can't be attached: %s", arguments->options.path, strerror(-rc));
}

void disk_close(struct disk *disk)
{
	block_detach(disk->block);
	block_close(disk->block);
	loop_destroy(disk->loop);
}

struct performed {
	struct block_request request;
	bool finished;
	int result;
};

static void performed_done(struct block_request *request, int result)
{
	struct performed *performed = (struct performed *)request;

	performed->finished = true;
	performed->result = result;
}

static bool is_finished(void *arg)
{
	return ((struct performed *)arg)->finished;
}

int disk_perform(struct disk *disk, enum block_op op, uint64_t offset, void *buffer, uint64_t length)
{
	struct iovec iov = { buffer, length };
	struct performed performed = {
		.request = {
			.op = op,
			.offset = offset,
			.length = length,
			.iov = &iov,
			.nr_iov = buffer != NULL,
			.done = performed_done,
		},
	};

	block_submit(disk->block, &performed.request);
	loop_drain(disk->loop, is_finished, &performed);
	return performed.result;
}

void *disk_map_file(const char *path, uint64_t size_bytes, bool create)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0)
		disk_fail("%s: %s", path, strerror(errno));
	if (create && st.st_size == 0 && ftruncate(fd, (off_t)size_bytes) < 0)
		disk_fail("%s: %s", path, strerror(errno));
	else if (!create && (uint64_t)st.st_size != size_bytes)
		disk_fail("%s: %llu bytes long, and the disk %llu", path, (unsigned long long)st.st_size,
			  (unsigned long long)size_bytes);
	map = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		disk_fail("%s: %s", path, strerror(errno));
	close(fd);
	return map;
}

uint64_t disk_random(uint64_t *seed, uint64_t limit)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (*seed >> 20) % limit;
}
