/* Fresh random bytes from the host. */
#ifndef VMM_BOOT_ENTROPY_H
#define VMM_BOOT_ENTROPY_H

#include <stddef.h>

/* Fills `len` bytes by getrandom(2). 0 or its negative errno. Any thread. */
__attribute__((warn_unused_result)) int entropy_fill(void *buf, size_t len);

#endif
