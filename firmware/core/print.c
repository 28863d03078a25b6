#include "firmware/core/print.h"

#include <stdbool.h>
#include <stdint.h>

#include "firmware/core/bytes.h"

#define PRINT_MAX 512 /* bytes of one print() */
#define DIGITS_MAX 20 /* of a 64-bit number in decimal */

struct sink {
	char *buf;
	size_t room; /* without the NUL */
	size_t used;
	bool clean;
};

static void put(struct sink *sink, char byte)
{
	if (sink->used < sink->room)
		sink->buf[sink->used++] = byte;
}

static void put_foreign(struct sink *sink, char byte)
{
	put(sink, sink->clean && (byte < ' ' || byte > '~') ? '?' : byte);
}

static void put_number(struct sink *sink, uint64_t value, unsigned int base, unsigned int width, char pad)
{
	char digits[DIGITS_MAX];
	unsigned int nr = 0;

	do {
		digits[nr++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	for (; width > nr; width--)
		put(sink, pad);
	while (nr > 0)
		put(sink, digits[--nr]);
}

static void put_text(struct sink *sink, const char *text, size_t max, unsigned int width)
{
	size_t len = 0;

	if (text == NULL)
		text = "(none)";
	for (; len < max && text[len] != '\0'; len++)
		put_foreign(sink, text[len]);
	for (; len < width; len++)
		put(sink, ' ');
}

/* What stands between '%' and the letter. */
struct directive {
	char pad;
	unsigned int width;
	size_t precision;
	unsigned int longs; /* how many l; z counts as two */
};

static const char *read_directive(const char *at, va_list *args, struct directive *out)
{
	*out = (struct directive){ .pad = ' ', .precision = SIZE_MAX };
	if (*at == '-')
		at++;
	if (*at == '0') {
		out->pad = '0';
		at++;
	}
	for (; *at >= '0' && *at <= '9'; at++)
		out->width = out->width * 10 + (unsigned int)(*at - '0');
	if (at[0] == '.' && at[1] == '*') {
		int precision = va_arg(*args, int);

		out->precision = precision < 0 ? SIZE_MAX : (size_t)precision;
		at += 2;
	}
	for (; *at == 'l' || *at == 'z'; at++)
		out->longs += *at == 'z' ? 2 : 1;
	return at;
}

static uint64_t next_unsigned(va_list *args, unsigned int longs)
{
	return longs > 0 ? va_arg(*args, unsigned long long) : va_arg(*args, unsigned int);
}

static void put_signed(struct sink *sink, va_list *args, const struct directive *directive)
{
	long long value = directive->longs > 0 ? va_arg(*args, long long) : va_arg(*args, int);

	if (value < 0)
		put(sink, '-');
	put_number(sink, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, directive->width, directive->pad);
}

static void put_directive(struct sink *sink, char letter, const struct directive *directive, va_list *args)
{
	switch (letter) {
	case 's':
		put_text(sink, va_arg(*args, const char *), directive->precision, directive->width);
		break;
	case 'c':
		put_foreign(sink, (char)va_arg(*args, int));
		break;
	case 'd':
		put_signed(sink, args, directive);
		break;
	case 'u':
		put_number(sink, next_unsigned(args, directive->longs), 10, directive->width, directive->pad);
		break;
	case 'x':
		put_number(sink, next_unsigned(args, directive->longs), 16, directive->width, directive->pad);
		break;
	default:
		put(sink, letter);
		break;
	}
}

static size_t format_text(struct sink *sink, const char *format, va_list *args)
{
	struct directive directive;

	for (; *format != '\0'; format++) {
		if (*format != '%') {
			put(sink, *format);
			continue;
		}
		format = read_directive(format + 1, args, &directive);
		if (*format == '\0')
			break;
		put_directive(sink, *format, &directive, args);
	}
	sink->buf[sink->used] = '\0';
	return sink->used;
}

size_t print_args(char *buf, size_t size, const char *format, va_list args, int clean)
{
	struct sink sink = { .buf = buf, .room = size - 1, .clean = clean };
	va_list own;
	size_t used;

	if (size == 0)
		return 0;
	va_copy(own, args);
	used = format_text(&sink, format, &own);
	va_end(own);
	return used;
}

size_t print_to(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	size_t used;

	va_start(args, format);
	used = print_args(buf, size, format, args, false);
	va_end(args);
	return used;
}

void print(const char *format, ...)
{
	char text[PRINT_MAX];
	va_list args;
	size_t used;

	va_start(args, format);
	used = print_args(text, sizeof(text), format, args, true);
	va_end(args);
	/* A line that was cut still ends. */
	if (used == sizeof(text) - 1)
		text[used - 1] = '\n';
	print_out(text, used);
}
