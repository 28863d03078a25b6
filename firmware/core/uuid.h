/* UUIDs as text. */
#ifndef FIRMWARE_CORE_UUID_H
#define FIRMWARE_CORE_UUID_H

#include <stdint.h>

#define UUID_TEXT_BYTES 37 /* with the NUL */

/* 16 bytes in the order in which they are written down (RFC 4122, 4.1.2), in lower case; "" if all are 0. */
void uuid_text(const uint8_t raw[16], char out[UUID_TEXT_BYTES]);

#endif
