/* Text to the 16550 at COM1, one port write a byte. It does not wait for the transmitter: a virtual one is always
 * ready, and each look would be an exit. */
#ifndef TEST_GUEST_SERIAL_H
#define TEST_GUEST_SERIAL_H

#include <stdint.h>

#define SERIAL_PORT 0x3f8

void serial_write(const char *text);
/* Knows %s %c %u %d %x %lu %ld %lx %% and a width with leading zeros for %x ("%08x"). */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
