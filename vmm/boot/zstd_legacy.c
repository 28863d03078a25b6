/* libzstd's static archive also decodes what zstd wrote before its format was settled in 2016: 90 KiB of code that no
 * kernel and no disk image needs. A static mote has these in its place, which refuse. */
#include <stddef.h>

#include <zstd_errors.h>

#define REFUSED ((size_t)-ZSTD_error_version_unsupported)

/* The prototypes are private to libzstd; of the arguments only those that it reads afterwards matter. */
#define DEFINE(result, name, arguments, value)                                                                         \
	result name arguments;                                                                                         \
	result name arguments                                                                                          \
	{                                                                                                              \
		return value;                                                                                          \
	}

#define DEFINE_SIZE_OF_FRAME(name)                                                                                     \
	void name(const void *from, size_t len, size_t *size, unsigned long long *bound);                              \
	void name(const void *from, size_t len, size_t *size, unsigned long long *bound)                               \
	{                                                                                                              \
		(void)from, (void)len;                                                                                 \
		*size = REFUSED;                                                                                       \
		*bound = 0;                                                                                            \
	}

#define DEFINE_VERSION(v)                                                                                              \
	DEFINE(void *, ZSTDv##v##_createDCtx, (void), NULL)                                                            \
	DEFINE(size_t, ZSTDv##v##_freeDCtx, (void), 0)                                                                 \
	DEFINE(size_t, ZSTDv##v##_getFrameParams, (void), REFUSED)                                                     \
	DEFINE(size_t, ZSTDv##v##_decompress_usingDict, (void), REFUSED)                                               \
	DEFINE_SIZE_OF_FRAME(ZSTDv##v##_findFrameSizeInfoLegacy)                                                       \
	DEFINE(void *, ZBUFFv##v##_createDCtx, (void), NULL)                                                           \
	DEFINE(size_t, ZBUFFv##v##_freeDCtx, (void), 0)                                                                \
	DEFINE(size_t, ZBUFFv##v##_decompressInitDictionary, (void), REFUSED)                                          \
	DEFINE(size_t, ZBUFFv##v##_decompressContinue, (void), REFUSED)

DEFINE_VERSION(05)
DEFINE_VERSION(06)
DEFINE_VERSION(07)
