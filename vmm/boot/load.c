#include "vmm/boot/load.h"

#include <pthread.h>
#include <stdbool.h>

#include "vmm/base/parallel.h"

/* A huge page: no two threads fault in the same one. */
#define PIECE_BYTES (2u << 20)

/* Less than this is read sooner than a thread is started. */
#define THREAD_MIN_BYTES (4u << 20)

struct load {
	const struct source *src;
	const struct guest_memory *mem;
	pthread_mutex_t lock;
	/* Under the lock: what nobody has taken yet. */
	const struct load_range *range;
	const struct load_range *end;
	uint64_t taken; /* bytes of `range` */
	int error; /* the first */
};

/* The next piece that nobody has, to the next huge page's border; false if there is none, or no use in one. */
static bool take_piece(struct load *load, struct load_range *piece)
{
	bool found = false;

	pthread_mutex_lock(&load->lock);
	while (load->error == 0 && load->range < load->end && !found) {
		const struct load_range *range = load->range;
		uint64_t left = range->len - load->taken;

		piece->gpa = range->gpa + load->taken;
		piece->offset = range->offset + load->taken;
		piece->len = PIECE_BYTES - piece->gpa % PIECE_BYTES;
		if (piece->len >= left) {
			piece->len = left;
			load->range++;
			load->taken = 0;
		} else {
			load->taken += piece->len;
		}
		found = piece->len > 0;
	}
	pthread_mutex_unlock(&load->lock);
	return found;
}

static void *load_pieces(void *arg)
{
	struct load *load = arg;
	struct load_range piece;

	while (take_piece(load, &piece)) {
		int ret = source_load(load->src, load->mem, piece.gpa, piece.len, piece.offset);

		if (!ret)
			continue;
		pthread_mutex_lock(&load->lock);
		if (load->error == 0)
			load->error = ret;
		pthread_mutex_unlock(&load->lock);
	}
	return NULL;
}

static unsigned int nr_threads_for(const struct load_range *ranges, unsigned int nr)
{
	uint64_t threads = 0;

	for (unsigned int i = 0; i < nr; i++)
		threads += ranges[i].len / THREAD_MIN_BYTES;
	return parallel_threads(threads < PARALLEL_MAX ? (unsigned int)threads : PARALLEL_MAX);
}

int load_ranges(const struct source *src, const struct guest_memory *mem, const struct load_range *ranges,
		unsigned int nr)
{
	struct load load = { .src = src, .mem = mem, .range = ranges, .end = ranges + nr };

	pthread_mutex_init(&load.lock, NULL);
	parallel_run("load", nr_threads_for(ranges, nr), load_pieces, &load);
	pthread_mutex_destroy(&load.lock);
	return load.error;
}

/* Copied rather than mapped from the file, even where its pages could be shared: the guest then runs on huge pages. Of
 * a mapped kernel it would fault in every 4 KiB that it touches, each an exit that costs more than copying those 4 KiB.
 */
int load_extents(const struct source *src, const struct kernel_image *kernel, const struct guest_memory *mem,
		 gpa_t base)
{
	struct load_range ranges[KERNEL_MAX_EXTENTS];

	for (uint32_t i = 0; i < kernel->nr_extents; i++) {
		const struct kernel_extent *e = &kernel->extents[i];

		ranges[i] = (struct load_range){ base + e->image_offset, e->source_offset, e->size_bytes };
	}
	return load_ranges(src, mem, ranges, kernel->nr_extents);
}
