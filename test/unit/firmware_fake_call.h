/* The VMM that the loader calls, played by a test: keys that are pressed, and what is said. */
#ifndef TEST_UNIT_FIRMWARE_FAKE_CALL_H
#define TEST_UNIT_FIRMWARE_FAKE_CALL_H

#include <stddef.h>
#include <stdint.h>

/* The console's input from now on; behind its end a wait without limit presses Enter, and one with a limit runs out. */
void fake_call_press(const char *bytes);

/* What was said to the console, as text. */
const char *fake_call_console(void);
void fake_call_clear(void);

/* What unpacking gives from now on, whatever the codec; a negative length is the result itself. */
void fake_call_unpacks_to(const uint8_t *bytes, int len);

#endif
