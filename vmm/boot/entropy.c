#include "vmm/boot/entropy.h"

#include <errno.h>
#include <sys/random.h>

int entropy_fill(void *buf, size_t len)
{
	char *at = buf;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		at += n;
		len -= (size_t)n;
	}
	return 0;
}
