/* What print() said: kept until it is known whether anybody wants to read it. */
#ifndef FIRMWARE_LOADER_LOG_H
#define FIRMWARE_LOADER_LOG_H

#include <stdbool.h>

/* Lines go to the VMM at once from now on, as do those kept so far. */
void log_show(void);

#endif
