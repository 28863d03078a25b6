/* Editing one line of text on the console. */
#ifndef FIRMWARE_LOADER_LINE_EDIT_H
#define FIRMWARE_LOADER_LINE_EDIT_H

#include <stdbool.h>
#include <stddef.h>

/* Lets the user change `text`, which has room for `size` bytes with its NUL. True: Enter; false: Escape, and what
 * `text` holds then does not matter. */
bool line_edit(char *text, size_t size);

#endif
