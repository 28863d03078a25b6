/* Which blocks of the disk an overlay holds: in memory, and as much of it as is known to be safe in the overlay's file.
 *
 * A bit that is set says that the block is to be read from the overlay. In the file it must not be set before the block
 * is durable, so the bits go there in three steps: staged (copied as they are now), then what was written before is
 * synchronised by somebody else, then the copy is written. Bits that are set meanwhile wait for the next time.
 *
 * Loop's thread, but for the function that says otherwise. */
#ifndef VIRTIO_BACKEND_OVERLAY_BITMAP_H
#define VIRTIO_BACKEND_OVERLAY_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

/* Memory is taken by the pages that have a bit set: 4 KiB for each 128 MiB of the disk. */
struct overlay_bitmap {
	uint64_t *words;
	uint64_t *copy; /* what is staged; NULL if nothing ever is */
	uint64_t *dirty; /* a bit a page of `words`: not staged yet */
	uint64_t *staged; /* a bit a page of `copy`: not written yet */
	uint64_t bytes;
	unsigned int nr_pages;
	unsigned int nr_page_words; /* in dirty and in staged */
};

/* All clear, `bytes` long, which is a multiple of 4096. `kept`: it will be staged and written. 0 or -ENOMEM. Control
 * thread. */
__attribute__((warn_unused_result)) int overlay_bitmap_init(struct overlay_bitmap *bitmap, uint64_t bytes, bool kept);
void overlay_bitmap_fini(struct overlay_bitmap *bitmap);

/* Reads what the file has at `offset`. 0 or a negative errno. Control thread. */
__attribute__((warn_unused_result)) int overlay_bitmap_load(struct overlay_bitmap *bitmap, int fd, uint64_t offset);

/* How many blocks from `first` on are alike, at most `nr`, which is not 0; in *is_set whether they are set. */
uint64_t overlay_bitmap_run(const struct overlay_bitmap *bitmap, uint64_t first, uint64_t nr, bool *is_set);
void overlay_bitmap_set(struct overlay_bitmap *bitmap, uint64_t first, uint64_t nr);

/* Whether any bit waits to be staged. */
bool overlay_bitmap_is_dirty(const struct overlay_bitmap *bitmap);
/* Whether the bits of these blocks, which are set, are all in the file. False may be overcautious. */
bool overlay_bitmap_is_written(const struct overlay_bitmap *bitmap, uint64_t first, uint64_t nr);

/* Copies what is set; false if that is nothing new. What is staged must have been written or given back. */
bool overlay_bitmap_stage(struct overlay_bitmap *bitmap);
/* Writes what is staged to the file, whose bitmap is at `offset`, without synchronising it. 0 or a negative errno. Any
 * one thread: it touches nothing that the other functions change while something is staged. */
__attribute__((warn_unused_result)) int overlay_bitmap_write(const struct overlay_bitmap *bitmap, int fd,
							     uint64_t offset);
/* It is in the file, or if not `written` has to be staged again. */
void overlay_bitmap_unstage(struct overlay_bitmap *bitmap, bool written);

#endif
