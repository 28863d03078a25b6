#include "firmware/loader/system.h"

bool system_has_encrypted(const struct system *system)
{
	for (unsigned int i = 0; i < system->nr_volumes; i++) {
		if (system->foreign[i].is_encrypted)
			return true;
	}
	return false;
}

const char *system_missing(const struct system *system)
{
	if (system->disks.nr == 0)
		return "there is no disk";
	if (system->places.nr == 0)
		return system_has_encrypted(system) ? "the disks hold encrypted volumes and no file system beside them"
						    : "no disk holds a file system that can be read";
	if (system_has_encrypted(system))
		return "no boot loader's configuration and no kernel was found outside the encrypted volumes";
	return "no boot loader's configuration and no kernel was found";
}
