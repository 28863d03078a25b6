/* Ethernet addresses: as text, and made up for a guest. */
#ifndef VMM_HOST_MAC_H
#define VMM_HOST_MAC_H

#include <stdbool.h>
#include <stdint.h>

#define MAC_BYTES 6
#define MAC_TEXT_BYTES 18 /* "52:54:00:12:34:56" and its NUL */

/* Reads six hexadecimal bytes of two digits each, with colons between them. 0; -EINVAL if `text` is none;
 * -EADDRNOTAVAIL for a multicast address or one of zeros, which no interface can have. */
__attribute__((warn_unused_result)) int mac_parse(const char *text, uint8_t mac[MAC_BYTES]);

/* Writes it as mac_parse() reads it, in lower case. */
void mac_print(const uint8_t mac[MAC_BYTES], char text[MAC_TEXT_BYTES]);

/* Whether they are the same address. */
bool mac_equal(const uint8_t a[MAC_BYTES], const uint8_t b[MAC_BYTES]);

/* The address of network interface `index` of the VM `name` on this host: always the same, locally administered, and
 * another for any other name, index or host (46 bits of SHA-512). Any thread. */
void mac_of_vm(const char *name, unsigned int index, uint8_t mac[MAC_BYTES]);

/* The address of the host's end of a guest's tap: the guest's, but for the first byte, which is 0xfe (0xfa for a guest
 * that has that itself). A bridge takes the lowest address of its ports for its own unless it was given one, and so
 * hardly ever takes this. */
void mac_of_host_end(const uint8_t guest[MAC_BYTES], uint8_t mac[MAC_BYTES]);

#endif
