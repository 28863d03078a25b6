/* Looks for stations of a bridge that have the MAC address which a guest is to have. */
#ifndef VMM_HOST_NEIGHBOURS_H
#define VMM_HOST_NEIGHBOURS_H

#include "vmm/host/link.h"

/* Logs a warning if another port of the bridge that `port` belongs to leads to a station with this address: one that
 * has spoken, or another of mote's guests that has not yet. Does nothing if `port` is in no bridge. Control thread. */
void neighbours_warn_of_duplicate(const struct link *port, const uint8_t mac[MAC_BYTES]);

#endif
