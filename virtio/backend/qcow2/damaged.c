#include "virtio/backend/qcow2/damaged.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "vmm/base/log.h"

int qcow2_damaged(struct qcow2 *image, const char *format, ...)
{
	char what[160];
	va_list args;

	if (!image->damaged) {
		va_start(args, format);
		vsnprintf(what, sizeof(what), format, args);
		va_end(args);
		log_error("disk %s is damaged: %s; it is not written to any more, repair it (qemu-img check -r all)",
			  image->block.description, what);
	}
	image->damaged = true;
	return -EIO;
}
