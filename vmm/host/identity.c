#include "vmm/host/identity.h"

#include <sha512.h>
#include <stdio.h>
#include <string.h>

#include "vmm/base/fd.h"

void identity_of_nic(const char *purpose, const char *name, unsigned int index, uint8_t bytes[IDENTITY_BYTES])
{
	char machine_id[64] = "", number[16];
	const char *const parts[] = { "mote", purpose, machine_id, name, number };
	uint8_t digest[SHA512_DIGEST_LENGTH];
	SHA512_CTX hash;

	/* Without one, the host is like every other that has none. */
	if (fd_read_text("/etc/machine-id", machine_id, sizeof(machine_id)) < 0)
		machine_id[0] = '\0';
	snprintf(number, sizeof(number), "%u", index);
	SHA512Init(&hash);
	/* With its NUL each part ends where it ends. */
	for (unsigned int i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		SHA512Update(&hash, (const uint8_t *)parts[i], strlen(parts[i]) + 1);
	SHA512Final(digest, &hash);
	memcpy(bytes, digest, IDENTITY_BYTES);
}
