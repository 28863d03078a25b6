#include "firmware/fs/lz.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"

int lz_byte(struct lz *lz)
{
	return lz->from < lz->from_end ? *lz->from++ : FW_ECORRUPT;
}

int lz_word(struct lz *lz)
{
	int low = lz_byte(lz);
	int high = lz_byte(lz);

	return low < 0 || high < 0 ? FW_ECORRUPT : low | high << 8;
}

int lz_literals(struct lz *lz, uint64_t len)
{
	if (len > (uint64_t)(lz->from_end - lz->from) || len > (uint64_t)(lz->to_end - lz->to))
		return FW_ECORRUPT;
	memcpy(lz->to, lz->from, len);
	lz->from += len;
	lz->to += len;
	return 0;
}

int lz_match(struct lz *lz, uint64_t distance, uint64_t len)
{
	if (distance == 0 || distance > (uint64_t)(lz->to - lz->begin) || len > (uint64_t)(lz->to_end - lz->to))
		return FW_ECORRUPT;
	for (; len > 0; len--, lz->to++)
		*lz->to = *(lz->to - distance);
	return 0;
}
