#include "firmware/core/source.h"

#include "firmware/core/error.h"

int source_read(struct source *source, uint64_t offset, void *buf, size_t len)
{
	if (offset > source->size_bytes || len > source->size_bytes - offset)
		return FW_ECORRUPT;
	return len == 0 ? 0 : source->read(source, offset, buf, len);
}
