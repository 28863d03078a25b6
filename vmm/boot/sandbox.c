#include "vmm/boot/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/base/fd.h"
#include "vmm/base/parallel.h"
#include "vmm/boot/scratch.h"

#define FIRST_OWN_FD 0
#define PAGE_BYTES 4096
#define CANCEL_CHECK_MS 100

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define ALLOW_CALL(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), ALLOW
/* Argument 2 of both calls is the protection. */
#define ALLOW_UNLESS_EXECUTABLE(number)                                                                                \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4), LOAD(args[2]),                                              \
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1), KILL, ALLOW

/* What malloc(3) and free(3) need, and the end. */
static const struct sock_filter filter[] = {
	LOAD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
	KILL,
	LOAD(nr),
	ALLOW_CALL(SYS_exit_group),
	ALLOW_CALL(SYS_brk),
	ALLOW_CALL(SYS_munmap),
	ALLOW_CALL(SYS_mremap),
	ALLOW_CALL(SYS_madvise),
	ALLOW_UNLESS_EXECUTABLE(SYS_mmap),
	ALLOW_UNLESS_EXECUTABLE(SYS_mprotect),
	KILL,
};

static int limit(int resource, uint64_t most)
{
	const struct rlimit both = { most, most };

	return setrlimit((__rlimit_resource_t)resource, &both);
}

/* All that is mapped now, in pages, is the first number there. */
static uint64_t mapped_bytes(void)
{
	char text[128];

	if (fd_read_text("/proc/self/statm", text, sizeof(text)) < 0)
		return RLIM_INFINITY / 2;
	return strtoull(text, NULL, 10) * PAGE_BYTES;
}

static bool lock_up(uint64_t memory_bytes)
{
	const struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), (struct sock_filter *)filter };
	uint64_t address_space = mapped_bytes() + memory_bytes;

	parallel_forbid();
	/* A dump would hold what the VMM knew. Both limits of CPU time are one: SIGXCPU is blocked, SIGKILL is not. */
	return syscall(SYS_close_range, FIRST_OWN_FD, ~0U, 0) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0 &&
	       prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && limit(RLIMIT_CPU, SANDBOX_CPU_SECONDS) == 0 &&
	       limit(RLIMIT_AS, address_space) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Also a thread that no signal reaches sees that it is to end. Where there is no such descriptor, the child, which
 * lacks close_range(2) too, ends at once. */
static void watch(pid_t child, const atomic_bool *cancel, bool *cancelled)
{
	struct pollfd ended = { .fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN };

	while (ended.fd >= 0 && !*cancelled && poll(&ended, 1, CANCEL_CHECK_MS) <= 0)
		*cancelled = atomic_load(cancel);
	fd_close(&ended.fd);
	if (*cancelled)
		kill(child, SIGKILL);
}

static void wait_for(pid_t child, const atomic_bool *cancel, bool *cancelled)
{
	*cancelled = false;
	if (cancel)
		watch(child, cancel, cancelled);
	/* ECHILD, where children are reaped by themselves, comes when it has ended too. */
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
}

int sandbox_run(int (*work)(void *arg), void *arg, uint64_t memory_bytes, const atomic_bool *cancel)
{
	struct scratch page = { 0 };
	volatile int *result;
	sigset_t all, old;
	bool cancelled;
	pid_t child;
	int ret;

	ret = scratch_map_shared(&page, PAGE_BYTES);
	if (ret)
		return ret;
	result = (volatile int *)page.data;
	*result = -EBADMSG;
	/* Born deaf: a signal before its first line would be handled by the VMM's handlers. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	child = fork();
	if (child == 0) {
		*result = lock_up(memory_bytes) ? work(arg) : -EPERM;
		_exit(0);
	}
	ret = -errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (child > 0) {
		wait_for(child, cancel, &cancelled);
		ret = cancelled ? -ECANCELED : *result;
	}
	scratch_unmap(&page);
	return ret;
}
