/* Copies the first disk to the second, which is as large, and says "copied"; panics if a request fails. */
#ifndef TEST_GUEST_CRASH_COPY_H
#define TEST_GUEST_CRASH_COPY_H

void copy_disk(void);

#endif
