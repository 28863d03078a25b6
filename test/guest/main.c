/* The first C code, in ring 3: sets the runtime up and hands over to the payload. */
#include "test/guest/payload.h"

#include "test/guest/boot_info.h"
#include "test/guest/interrupt.h"
#include "test/guest/pages.h"
#include "test/guest/power.h"

_Noreturn void guest_main(void);

_Noreturn void guest_main(void)
{
	interrupt_init();
	boot_info_read();
	pages_init();
	payload_main(boot_info.command_line);
	power_off();
}
