/* Descriptors: whole reads and writes, and closing exactly once. */
#ifndef VMM_BASE_FD_H
#define VMM_BASE_FD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Closes *fd if it is not -1 and sets it to -1. Keeps errno. */
void fd_close(int *fd);

/* Reads exactly `len` bytes at `offset`, going on after short reads and EINTR.
 * 0; -ENODATA if the file ends before; or the negative errno of pread(2). */
__attribute__((warn_unused_result)) int fd_pread_full(int fd, void *buf, size_t len, uint64_t offset);

/* Writes exactly `len` bytes at `offset`. 0 or a negative errno. */
__attribute__((warn_unused_result)) int fd_pwrite_full(int fd, const void *buf, size_t len, uint64_t offset);

/* Writes exactly `len` bytes at the file's position, for pipes and terminals too. 0 or a negative errno. */
__attribute__((warn_unused_result)) int fd_write_full(int fd, const void *buf, size_t len);

/* Reads a small text file, such as of /proc or /sys, that one read(2) makes whole: at most `size` - 1 bytes and a NUL.
 * 0 or the negative errno of open(2) or read(2). */
__attribute__((warn_unused_result)) int fd_read_text(const char *path, char *buf, size_t size);

/* The same, of a text's first line only, without its newline. */
__attribute__((warn_unused_result)) int fd_read_line(const char *path, char *buf, size_t size);

/* Makes an eventfd, non-blocking and close-on-exec. The descriptor or a negative errno. */
__attribute__((warn_unused_result)) int fd_eventfd(void);

/* Adds one to an eventfd. A full counter is already a signal, so there is no error to report. */
void fd_eventfd_signal(int fd);

/* Takes an eventfd's counter down to zero; true if it was above zero. */
_Bool fd_eventfd_take(int fd);

#endif
