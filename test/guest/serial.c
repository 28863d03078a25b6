#include "test/guest/serial.h"

#include <stdarg.h>
#include <stdbool.h>

#include "test/guest/port.h"

static void put(char c)
{
	out8(SERIAL_PORT, (uint8_t)c);
}

void serial_write(const char *text)
{
	while (*text != '\0')
		put(*text++);
}

static void put_number(uint64_t value, unsigned int base, unsigned int width)
{
	char digits[24];
	unsigned int nr = 0;

	do {
		digits[nr++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	while (nr < width && nr < sizeof(digits))
		digits[nr++] = '0';
	while (nr > 0)
		put(digits[--nr]);
}

static void put_signed(int64_t value)
{
	if (value < 0)
		put('-');
	put_number(value < 0 ? -(uint64_t)value : (uint64_t)value, 10, 0);
}

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	for (; *format != '\0'; format++) {
		unsigned int width = 0;
		bool is_long = false;

		if (*format != '%') {
			put(*format);
			continue;
		}
		for (format++; *format >= '0' && *format <= '9'; format++)
			width = width * 10 + (unsigned int)(*format - '0');
		for (; *format == 'l'; format++)
			is_long = true;
		switch (*format) {
		case 's':
			serial_write(va_arg(args, const char *));
			break;
		case 'c':
			put((char)va_arg(args, int));
			break;
		case 'd':
			put_signed(is_long ? va_arg(args, long) : va_arg(args, int));
			break;
		case 'u':
			put_number(is_long ? va_arg(args, unsigned long) : va_arg(args, unsigned int), 10, width);
			break;
		case 'x':
			put_number(is_long ? va_arg(args, unsigned long) : va_arg(args, unsigned int), 16, width);
			break;
		case '\0':
			va_end(args);
			return;
		default:
			put(*format);
		}
	}
	va_end(args);
}
