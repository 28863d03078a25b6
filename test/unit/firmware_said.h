/* What the firmware's code says with print(), kept for a test to look at. */
#ifndef TEST_UNIT_FIRMWARE_SAID_H
#define TEST_UNIT_FIRMWARE_SAID_H

/* All that was said since the last said_clear(), or as much as there is room for. */
const char *said(void);
void said_clear(void);

#endif
