/* Settings of the host's kernel, below /proc/sys; those of its network are of the network namespace that mote is in. */
#ifndef VMM_HOST_SETTING_H
#define VMM_HOST_SETTING_H

#define SETTING_PATH_BYTES 128

/* The path of the setting `name` of an interface, or of "all" of them; `family` is "ipv4" or "ipv6". 0 or
 * -ENAMETOOLONG. */
__attribute__((warn_unused_result)) int setting_path(const char *family, const char *interface, const char *name,
						     char path[SETTING_PATH_BYTES]);

/* Writes to one, by its path. 0 or a negative errno. */
__attribute__((warn_unused_result)) int setting_write(const char *path, const char *value);

/* The number that one holds, by its path; `missing` if it can't be read. */
long setting_read(const char *path, long missing);

#endif
