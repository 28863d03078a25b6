#include "virtio/backend/block_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/log.h"

#define BUSY_RETRY_US 10000
#define BUSY_RETRIES 100

bool block_busy_wait(unsigned int tries)
{
	if (tries == BUSY_RETRIES)
		return false;
	usleep(BUSY_RETRY_US);
	return true;
}

int block_lock(int fd, const char *path, bool exclusive)
{
	struct flock lock = {
		.l_type = exclusive ? F_WRLCK : F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = 0,
		.l_len = 0, /* to the end, wherever that moves */
	};
	unsigned int tries = 0;

	while (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == EACCES) {
			if (!block_busy_wait(tries++))
				return -EBUSY;
			continue;
		}
		log_warn("disk '%s' can't be locked (%s): make sure that nobody else writes to it", path,
			 strerror(errno));
		break;
	}
	return 0;
}

void block_unlock(int fd)
{
	struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	/* Nothing is lost if it fails: closing the file unlocks too, if later. */
	(void)fcntl(fd, F_OFD_SETLK, &lock);
}
