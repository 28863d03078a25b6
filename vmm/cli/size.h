/* Sizes as people write them. */
#ifndef VMM_CLI_SIZE_H
#define VMM_CLI_SIZE_H

#include <stdint.h>

/* Reads digits with an optional K, M, G or T (powers of 1024, either case): "512M" is 536870912 bytes.
 * 0 with *bytes set; -EINVAL if `text` is no size; -ERANGE if it does not fit. */
__attribute__((warn_unused_result)) int size_parse(const char *text, uint64_t *bytes);

/* Reads a decimal count. 0 with *count set; -EINVAL if `text` is no number; -ERANGE if it does not fit. */
__attribute__((warn_unused_result)) int count_parse(const char *text, unsigned int *count);

#endif
