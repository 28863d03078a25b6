#include "firmware/loader/keys.h"

#include "firmware/loader/call.h"

/* Between the bytes of one sequence; a lone Escape takes as long to be known. */
#define SEQUENCE_MS 100
#define SEQUENCE_MAX 8

static int final_key(int byte)
{
	switch (byte) {
	case 'A':
		return KEY_UP;
	case 'B':
		return KEY_DOWN;
	case 'C':
		return KEY_RIGHT;
	case 'D':
		return KEY_LEFT;
	case 'H':
		return KEY_HOME;
	case 'F':
		return KEY_END;
	default:
		return KEY_OTHER;
	}
}

int keys_wait(void)
{
	int byte = call_key(LOADER_FOREVER);

	if (byte == '\n')
		return KEY_ENTER;
	if (byte != KEY_ESCAPE)
		return byte;
	byte = call_key(SEQUENCE_MS);
	if (byte == LOADER_NO_KEY)
		return KEY_ESCAPE;
	if (byte != '[' && byte != 'O')
		return KEY_OTHER;
	/* Parameters, and then a byte from '@' on. */
	for (unsigned int i = 0; i < SEQUENCE_MAX; i++) {
		byte = call_key(SEQUENCE_MS);
		if (byte >= '@' || byte == LOADER_NO_KEY)
			break;
	}
	return final_key(byte);
}
