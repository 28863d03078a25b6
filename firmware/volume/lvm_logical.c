#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/volume/lvm.h"

struct logical {
	struct source source; /* first */
	const struct lvm_segment *segments;
	unsigned int nr_segments;
};

/* The last segment that begins at or before `offset`. */
static const struct lvm_segment *find_segment(const struct logical *logical, uint64_t offset)
{
	unsigned int low = 0;
	unsigned int high = logical->nr_segments;

	while (high - low > 1) {
		unsigned int middle = low + (high - low) / 2;

		if (logical->segments[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return &logical->segments[low];
}

static int logical_read(struct source *source, uint64_t offset, void *buf, size_t len)
{
	const struct logical *logical = (const struct logical *)source;
	uint8_t *to = buf;

	while (len > 0) {
		const struct lvm_segment *segment = find_segment(logical, offset);
		uint64_t into = offset - segment->offset;
		uint64_t left = segment->len - into;
		const struct lvm_stripe *stripe = &segment->stripes[0];
		size_t part;
		int rc;

		if (segment->nr_stripes > 1) {
			uint64_t chunk = into / segment->chunk;

			into %= segment->chunk;
			if (left > segment->chunk - into)
				left = segment->chunk - into;
			stripe = &segment->stripes[chunk % segment->nr_stripes];
			into += chunk / segment->nr_stripes * segment->chunk;
		}
		part = len < left ? len : left;
		rc = source_read(stripe->source, stripe->offset + into, to, part);
		if (rc < 0)
			return rc;
		to += part;
		offset += part;
		len -= part;
	}
	return 0;
}

struct source *lvm_logical(struct arena *arena, const struct lvm_segment *segments, unsigned int nr_segments,
			   const char *name)
{
	struct logical *logical = arena_alloc(arena, sizeof(*logical));

	if (logical == NULL)
		return NULL;
	logical->segments = segments;
	logical->nr_segments = nr_segments;
	logical->source.read = logical_read;
	logical->source.size_bytes = segments[nr_segments - 1].offset + segments[nr_segments - 1].len;
	print_to(logical->source.name, sizeof(logical->source.name), "%s", name);
	return &logical->source;
}
