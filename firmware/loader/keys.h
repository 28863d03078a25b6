/* Keys of the console's user: bytes, with a terminal's escape sequences made into one key each (ECMA-48; xterm). */
#ifndef FIRMWARE_LOADER_KEYS_H
#define FIRMWARE_LOADER_KEYS_H

enum key {
	KEY_CTRL_A = 0x01,
	KEY_CTRL_E = 0x05,
	KEY_BACKSPACE = 0x08,
	KEY_ENTER = 0x0d,
	KEY_CTRL_U = 0x15,
	KEY_ESCAPE = 0x1b,
	KEY_DELETE = 0x7f, /* what the backspace key of most terminals sends */
	KEY_UP = 0x100,
	KEY_DOWN,
	KEY_RIGHT,
	KEY_LEFT,
	KEY_HOME,
	KEY_END,
	KEY_OTHER,
};

/* Waits for a key: a byte or an enum key. */
int keys_wait(void);

#endif
