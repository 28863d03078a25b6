#include "virtio/backend/block_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/log.h"

int block_lock(int fd, const char *path, bool exclusive)
{
	struct flock lock = {
		.l_type = exclusive ? F_WRLCK : F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = 0,
		.l_len = 0, /* to the end, wherever that moves */
	};

	while (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == EACCES)
			return -EBUSY;
		log_warn("disk '%s' can't be locked (%s): make sure that nobody else writes to it", path,
			 strerror(errno));
		break;
	}
	return 0;
}
