/* How boot_load() divides the request's range of low memory: offsets from low_base. */
#ifndef VMM_BOOT_LOW_H
#define VMM_BOOT_LOW_H

#include "vmm/boot/boot.h"

#define LOW_INFO 0x0000 /* boot_params, or hvm_start_info with its lists; a page */
#define LOW_GDT 0x1000
#define LOW_SETUP_DATA 0x1100
#define LOW_PAGE_TABLES 0x2000 /* six pages */
#define LOW_COMMAND_LINE 0x8000 /* to the end of BOOT_LOW_BYTES, with its NUL */

#define LOW_COMMAND_LINE_BYTES (BOOT_LOW_BYTES - LOW_COMMAND_LINE)

#endif
