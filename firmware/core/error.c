#include "firmware/core/error.h"

const char *fw_error_text(int error)
{
	switch (error) {
	case FW_EIO:
		return "the disk failed a read";
	case FW_ENOENT:
		return "there is no such file";
	case FW_ECORRUPT:
		return "what the disk holds there is damaged";
	case FW_ENOTSUP:
		return "it needs a feature that is not supported";
	case FW_ENOMEM:
		return "the loader's memory is full";
	case FW_ELOOP:
		return "symbolic links or structures lead in a circle";
	case FW_ETOOBIG:
		return "it is too large";
	default:
		return error >= 0 ? "no error" : "unknown error";
	}
}
