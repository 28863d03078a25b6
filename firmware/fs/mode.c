#include "firmware/fs/mode.h"

enum fs_kind fs_kind_of_mode(uint16_t mode)
{
	switch (mode & 0xf000) {
	case 0x8000:
		return FS_FILE;
	case 0x4000:
		return FS_DIRECTORY;
	case 0xa000:
		return FS_LINK;
	default:
		return FS_OTHER;
	}
}

enum fs_kind fs_kind_of_type(uint8_t type)
{
	switch (type) {
	case 1:
		return FS_FILE;
	case 2:
		return FS_DIRECTORY;
	case 7:
		return FS_LINK;
	default:
		return FS_OTHER;
	}
}
