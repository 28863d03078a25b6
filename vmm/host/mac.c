#include "vmm/host/mac.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/host/identity.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int mac_parse(const char *text, uint8_t mac[MAC_BYTES])
{
	static const uint8_t zeros[MAC_BYTES];
	uint8_t read[MAC_BYTES];

	for (unsigned int i = 0; i < MAC_BYTES; i++, text += 3) {
		int high = digit(text[0]);
		int low = high < 0 ? -1 : digit(text[1]);

		if (low < 0 || text[2] != (i < MAC_BYTES - 1 ? ':' : '\0'))
			return -EINVAL;
		read[i] = (uint8_t)(high << 4 | low);
	}
	if ((read[0] & 1) != 0 || mac_equal(read, zeros))
		return -EADDRNOTAVAIL;
	memcpy(mac, read, MAC_BYTES);
	return 0;
}

void mac_print(const uint8_t mac[MAC_BYTES], char text[MAC_TEXT_BYTES])
{
	snprintf(text, MAC_TEXT_BYTES, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

bool mac_equal(const uint8_t a[MAC_BYTES], const uint8_t b[MAC_BYTES])
{
	return memcmp(a, b, MAC_BYTES) == 0;
}

void mac_of_vm(const char *name, unsigned int index, uint8_t mac[MAC_BYTES])
{
	uint8_t identity[IDENTITY_BYTES];

	identity_of_nic("MAC address", name, index, identity);
	memcpy(mac, identity, MAC_BYTES);
	/* IEEE 802, 8.2: bit 0 of the first byte is multicast, bit 1 locally administered. */
	mac[0] = (uint8_t)((mac[0] & ~1U) | 2U);
}

void mac_of_host_end(const uint8_t guest[MAC_BYTES], uint8_t mac[MAC_BYTES])
{
	memcpy(mac, guest, MAC_BYTES);
	mac[0] = guest[0] == 0xfe ? 0xfa : 0xfe;
}
