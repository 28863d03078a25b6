/* Reads GRUB's grub.cfg as GRUB itself does: by running it (GRUB manual, "Writing your own configuration file").
 *
 * What grub-mkconfig of the distributions writes is understood: variables, conditions, loops, functions, menu entries
 * and submenus, the environment block (read, never written), and the Boot Loader Specification's entries by Fedora's
 * blscfg. Commands that a virtual machine without a screen of GRUB's has no use for do nothing. */
#ifndef FIRMWARE_CONFIG_GRUB_H
#define FIRMWARE_CONFIG_GRUB_H

#include "firmware/config/entry.h"

/* Runs `path` on `where`, with $prefix its directory, and lists the entries whose kernel is there. 0, also if there are
 * none; FW_ENOENT if there is no such file, or FW_ENOMEM. */
__attribute__((warn_unused_result)) int grub_read(struct places *places, struct mounted *where, const char *path,
						  struct entries *out);

#endif
