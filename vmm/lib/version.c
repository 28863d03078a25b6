#include "vmm/include/mote.h"

const char *mote_version(void)
{
	return MOTE_VERSION;
}
