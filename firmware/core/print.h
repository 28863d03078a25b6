/* What the firmware says, and text made from parts. */
#ifndef FIRMWARE_CORE_PRINT_H
#define FIRMWARE_CORE_PRINT_H

#include <stdarg.h>
#include <stddef.h>

/* Knows %s, %.*s, %c, %d, %u, %x and %%, the lengths l, ll and z, and a width, with or without a leading 0, as in %02x.
 * Bytes of %s and %c that are not printable ASCII come out as '?', since what a disk holds must not steer a terminal.
 * Lines end in \n. What is said is shown when the boot fails, or at once if the user wants to see each step. */
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);

/* The same into `buf` of `size` bytes, cut if need be, with a NUL behind, but with the bytes of %s and %c as they are.
 * Returns how many bytes it has, without the NUL. */
__attribute__((format(printf, 3, 4))) size_t print_to(char *buf, size_t size, const char *format, ...);

/* The same with the arguments of another; `clean` says whether bytes that are not printable become '?'. */
__attribute__((format(printf, 3, 0))) size_t print_args(char *buf, size_t size, const char *format, va_list args,
							int clean);

/* Where print() goes, one call each: the loader's log, or what a test has in its place. */
void print_out(const char *text, size_t len);

#endif
