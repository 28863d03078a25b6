#include "firmware/core/uuid.h"

void uuid_text(const uint8_t raw[16], char out[UUID_TEXT_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	char *at = out;
	unsigned int any = 0;

	for (unsigned int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = digits[raw[i] >> 4];
		*at++ = digits[raw[i] & 15];
		any |= raw[i];
	}
	*at = '\0';
	if (any == 0)
		*out = '\0';
}
