#include "firmware/loader/load.h"

#include <stdarg.h>

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"

#define PAGE_BYTES 4096
#define INITRD_ALIGN 4 /* each archive of a concatenation starts at a multiple */

struct file {
	const char *what; /* for messages */
	const struct place_file *place;
	struct fs_node node;
	uint64_t size_bytes; /* of the part that is meant */
};

struct job {
	const struct load_room *room;
	struct loaded *out;
	struct file kernel;
	struct file initrds[ENTRY_MAX_INITRDS];
	unsigned int nr_initrds;
	uint64_t initrd_bytes; /* of all, each from an aligned start */
	char *why;
	size_t why_size;
};

/* Says why, and returns `error`. */
__attribute__((format(printf, 3, 4))) static int refuse(struct job *job, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)print_args(job->why, job->why_size, format, args, true);
	va_end(args);
	return error;
}

static uint64_t align_up(uint64_t size, uint64_t to)
{
	return (size + to - 1) & ~(to - 1);
}

static int open_file(struct job *job, const char *what, const struct place_file *place, struct file *file)
{
	int ret;

	*file = (struct file){ .what = what, .place = place };
	if (place->where == NULL)
		return refuse(job, FW_ENOENT, "the %s %s is not there", what, place->path);
	ret = fs_open(&place->where->fs, place->path, &file->node);
	file->size_bytes = place->size_bytes != 0 ? place->size_bytes : file->node.size_bytes;
	if (ret < 0)
		return refuse(job, ret, "the %s %s on %s can't be opened: %s", what, place->path,
			      place->where->volume->source->name, fw_error_text(ret));
	if (file->node.kind != FS_FILE || file->size_bytes == 0)
		return refuse(job, FW_ECORRUPT, "the %s %s on %s is %s", what, place->path,
			      place->where->volume->source->name, file->size_bytes == 0 ? "empty" : "no file");
	return 0;
}

static int open_files(struct job *job, const struct entry *entry)
{
	int ret = open_file(job, "kernel", &entry->kernel, &job->kernel);

	for (unsigned int i = 0; i < entry->nr_initrds && ret == 0; i++) {
		ret = open_file(job, "initrd", &entry->initrds[i], &job->initrds[i]);
		/* No file system's size is trusted, nor is their sum. */
		if (ret == 0 && job->initrds[i].size_bytes > job->room->size)
			job->initrds[i].size_bytes = job->room->size + 1;
		job->initrd_bytes = align_up(job->initrd_bytes, INITRD_ALIGN) + job->initrds[i].size_bytes;
	}
	return ret;
}

/* Gives each its place. */
static int divide(struct job *job)
{
	uint64_t kernel = job->kernel.size_bytes, initrd = align_up(job->initrd_bytes, PAGE_BYTES);
	uint64_t room = job->room->size;

	if (kernel > room || initrd > room || align_up(kernel, PAGE_BYTES) > room - initrd)
		return refuse(
			job, FW_ETOOBIG,
			"the kernel has %llu KiB and the initrd %llu, and there are %llu for both; raise --memory",
			(unsigned long long)kernel >> 10, (unsigned long long)initrd >> 10,
			(unsigned long long)room >> 10);
	*job->out = (struct loaded){
		.kernel = job->room->base,
		.kernel_bytes = (size_t)kernel,
		.initrd = job->room->base + (room - initrd),
		.initrd_bytes = (size_t)job->initrd_bytes,
	};
	return 0;
}

static int read_file(struct job *job, const struct file *file, uint8_t *to)
{
	const struct place_file *place = file->place;
	const char *volume = place->where->volume->source->name;
	struct fs *fs = &place->where->fs;
	int64_t got = fs->ops->read(fs, &file->node, place->offset_bytes, to, (size_t)file->size_bytes);

	if (got < 0)
		return refuse(job, (int)got, "the %s %s on %s can't be read: %s", file->what, place->path, volume,
			      fw_error_text((int)got));
	if ((uint64_t)got < file->size_bytes)
		return refuse(job, FW_ECORRUPT, "the %s %s on %s ends early", file->what, place->path, volume);
	print("%s %s on %s: %llu KiB\n", file->what, place->path, volume,
	      (unsigned long long)align_up(file->size_bytes, 1024) >> 10);
	return 0;
}

static int read_kernel(struct job *job)
{
	struct loaded *out = job->out;
	const struct place_file *place = job->kernel.place;
	int ret = read_file(job, &job->kernel, out->kernel);
	const char *instead;

	if (ret < 0)
		return ret;
	instead = kernel_check(out->kernel, out->kernel_bytes, &out->facts);
	if (instead != NULL)
		return refuse(job, FW_ENOTSUP, "%s on %s is %s, which an x86-64 machine can't start", place->path,
			      place->where->volume->source->name, instead);
	return 0;
}

static int read_initrds(struct job *job)
{
	uint8_t *at = job->out->initrd;
	int ret = 0;

	for (unsigned int i = 0; i < job->nr_initrds && ret == 0; i++) {
		const struct file *file = &job->initrds[i];

		ret = read_file(job, file, at);
		at += file->size_bytes;
		for (uint64_t pad = file->size_bytes; pad % INITRD_ALIGN != 0; pad++)
			*at++ = 0;
	}
	return ret;
}

int load_entry(const struct entry *entry, const struct load_room *room, struct loaded *out,
	       void (*kernel_is_read)(void), char *why, size_t why_size)
{
	struct job job = {
		.room = room, .out = out, .nr_initrds = entry->nr_initrds, .why = why, .why_size = why_size
	};
	int ret;

	ret = open_files(&job, entry);
	if (ret == 0)
		ret = divide(&job);
	if (ret == 0)
		ret = read_kernel(&job);
	if (ret == 0 && kernel_is_read != NULL)
		kernel_is_read();
	if (ret == 0)
		ret = read_initrds(&job);
	return ret;
}
