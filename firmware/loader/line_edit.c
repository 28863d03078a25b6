#include "firmware/loader/line_edit.h"

#include "firmware/core/bytes.h"
#include "firmware/loader/console.h"
#include "firmware/loader/keys.h"

#define VISIBLE 76 /* of the line at once, so that it does not wrap on 80 columns */

struct line {
	char *text;
	size_t room; /* without the NUL */
	size_t len;
	size_t at;
};

/* Shows the part of the line around the cursor. */
static void draw(const struct line *line)
{
	size_t start = line->at < VISIBLE ? 0 : line->at - VISIBLE + 1;
	size_t len = line->len - start < VISIBLE ? line->len - start : VISIBLE;

	console_print("\r> %.*s\033[K\r\033[%zuC", (int)len, line->text + start, line->at - start + 2);
}

static void insert(struct line *line, char byte)
{
	if (line->len == line->room)
		return;
	memmove(line->text + line->at + 1, line->text + line->at, line->len - line->at + 1);
	line->text[line->at++] = byte;
	line->len++;
}

static void remove_before(struct line *line)
{
	if (line->at == 0)
		return;
	memmove(line->text + line->at - 1, line->text + line->at, line->len - line->at + 1);
	line->at--;
	line->len--;
}

static void remove_to_start(struct line *line)
{
	memmove(line->text, line->text + line->at, line->len - line->at + 1);
	line->len -= line->at;
	line->at = 0;
}

static void apply(struct line *line, int key)
{
	if (key == KEY_LEFT && line->at > 0)
		line->at--;
	else if (key == KEY_RIGHT && line->at < line->len)
		line->at++;
	else if (key == KEY_HOME || key == KEY_CTRL_A)
		line->at = 0;
	else if (key == KEY_END || key == KEY_CTRL_E)
		line->at = line->len;
	else if (key == KEY_BACKSPACE || key == KEY_DELETE)
		remove_before(line);
	else if (key == KEY_CTRL_U)
		remove_to_start(line);
	else if (key >= ' ' && key <= '~')
		insert(line, (char)key);
}

bool line_edit(char *text, size_t size)
{
	struct line line = { .text = text, .room = size - 1, .len = strlen(text), .at = strlen(text) };
	int key;

	for (;;) {
		draw(&line);
		key = keys_wait();
		if (key == KEY_ENTER || key == KEY_ESCAPE)
			break;
		apply(&line, key);
	}
	console_print("\r\n");
	return key == KEY_ENTER;
}
