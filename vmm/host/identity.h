/* Bytes that look random and are the same whenever the same is asked: what addresses are made of. */
#ifndef VMM_HOST_IDENTITY_H
#define VMM_HOST_IDENTITY_H

#include <stdint.h>

#define IDENTITY_BYTES 32

/* Bytes for network interface `index` of the VM `name` on this host, which is known by /etc/machine-id where there is
 * one. Others for every other `purpose`. Any thread. */
void identity_of_nic(const char *purpose, const char *name, unsigned int index, uint8_t bytes[IDENTITY_BYTES]);

#endif
