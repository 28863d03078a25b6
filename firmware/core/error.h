/* What functions of the firmware return when they fail; 0 and more is success. The firmware has no errno of its own:
 * these are few enough that a message can name each. */
#ifndef FIRMWARE_CORE_ERROR_H
#define FIRMWARE_CORE_ERROR_H

#define FW_EIO (-1) /* the disk failed a read */
#define FW_ENOENT (-2) /* no such file, or nothing of that kind here */
#define FW_ECORRUPT (-3) /* the structure on the disk contradicts itself or leads out of its bounds */
#define FW_ENOTSUP (-4) /* a feature that this loader does not read; it has been said which */
#define FW_ENOMEM (-5) /* the arena is full */
#define FW_ELOOP (-6) /* too many symbolic links, or a structure that leads back to itself */
#define FW_ETOOBIG (-7) /* does not fit where it should go */

/* "the disk failed a read", for messages. */
const char *fw_error_text(int error);

#endif
