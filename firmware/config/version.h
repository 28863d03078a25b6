/* Which of two versions is the newer one. */
#ifndef FIRMWARE_CONFIG_VERSION_H
#define FIRMWARE_CONFIG_VERSION_H

/* Less than 0 if `a` is older than `b`, 0 if neither is, more than 0 if it is newer (UAPI.10, version format
 * specification). */
int version_compare(const char *a, const char *b);

#endif
