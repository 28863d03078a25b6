/* A small process that puts the terminal right when mote itself can't any more.
 *
 * It holds one end of a pipe whose other end only mote has: the pipe breaks however mote ends, SIGKILL included. */
#ifndef VMM_CLI_JANITOR_H
#define VMM_CLI_JANITOR_H

#include <sys/types.h>
#include <termios.h>

struct janitor {
	pid_t pid;
	int pipe_fd;
};

/* Forks the janitor of terminal `fd`. Should mote vanish while the terminal is in the modes `raw`, it is set to
 * `saved`; in any other modes, somebody else has it by now and it is left alone. 0 or a negative errno. Before there
 * are other threads, and before descriptors are open that should not live on in it. */
__attribute__((warn_unused_result)) int janitor_start(struct janitor *janitor, int fd, const struct termios *saved,
						      const struct termios *raw);

/* Sends it home and waits until it has gone. The terminal is left as it is. */
void janitor_dismiss(struct janitor *janitor);

#endif
