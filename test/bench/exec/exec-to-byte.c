/* exec-to-byte ROUNDS FLOOR MOTE HELLO.ELF: alternates kvm-floor and mote, and prints medians and their ratio.
 *
 * Time runs from the moment before execve(2), taken in the child, to the guest's byte in the parent's pipe. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ROUNDS 10000

/* Shared with the children. */
static volatile uint64_t *exec_ns;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "exec-to-byte: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Runs argv; nanoseconds to the first byte, and what came after it. */
static uint64_t run(char **argv, char *rest, size_t rest_bytes)
{
	size_t len = 0;
	uint64_t end;
	int ends[2], status;
	char byte;
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		fail("pipe");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		int null = open("/dev/null", O_RDONLY);

		if (null < 0 || dup2(null, 0) < 0 || dup2(ends[1], 1) < 0)
			_exit(126);
		*exec_ns = now_ns();
		execv(argv[0], argv);
		_exit(127);
	}
	close(ends[1]);
	n = read(ends[0], &byte, 1);
	end = now_ns();
	if (n != 1 || byte != '!') {
		fprintf(stderr, "exec-to-byte: no byte from %s\n", argv[0]);
		exit(1);
	}
	while (len + 1 < rest_bytes && (n = read(ends[0], rest + len, rest_bytes - len - 1)) > 0)
		len += (size_t)n;
	rest[len] = '\0';
	close(ends[0]);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "exec-to-byte: %s ended with status %#x\n", argv[0], status);
		exit(1);
	}
	return end - *exec_ns;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double median_us(uint64_t *values, unsigned int nr)
{
	qsort(values, nr, sizeof(values[0]), compare);
	return (double)values[nr / 2] / 1000;
}

int main(int argc, char **argv)
{
	enum {
		MOTE,
		FLOOR_EXEC,
		FLOOR_TOTAL,
		CREATE_VM,
		IRQCHIP,
		ENTER,
		NR_ROWS
	};
	static const char *const names[NR_ROWS] = {
		"mote run: exec to the byte", "kvm-floor: exec to the byte", "kvm-floor: open of /dev/kvm to the byte",
		"  of it KVM_CREATE_VM",      "  of it KVM_CREATE_IRQCHIP",  "  of it KVM_RUN to the byte",
	};
	static uint64_t rows[NR_ROWS][MAX_ROUNDS];
	unsigned int rounds = argc == 5 ? (unsigned int)atoi(argv[1]) : 0;
	double medians[NR_ROWS];
	char rest[256];

	if (rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: exec-to-byte ROUNDS FLOOR MOTE HELLO.ELF\n");
		return 2;
	}
	exec_ns = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (exec_ns == MAP_FAILED)
		fail("mmap");
	for (unsigned int i = 0; i < rounds; i++) {
		char *floor[] = { argv[2], argv[4], NULL };
		char *mote[] = { argv[3], "run", "--kernel", argv[4], "--memory", "512M", "--console", "serial", NULL };
		unsigned long long total, create_vm, irqchip, enter;

		rows[FLOOR_EXEC][i] = run(floor, rest, sizeof(rest));
		if (sscanf(rest, "%llu %llu %llu %llu", &total, &create_vm, &irqchip, &enter) != 4) {
			fprintf(stderr, "exec-to-byte: kvm-floor printed '%s'\n", rest);
			return 1;
		}
		rows[FLOOR_TOTAL][i] = total;
		rows[CREATE_VM][i] = create_vm;
		rows[IRQCHIP][i] = irqchip;
		rows[ENTER][i] = enter;
		rows[MOTE][i] = run(mote, rest, sizeof(rest));
	}
	printf("%-42s %12s\n", "medians of alternating rounds", "us");
	for (unsigned int row = 0; row < NR_ROWS; row++) {
		medians[row] = median_us(rows[row], rounds);
		printf("%-42s %12.1f\n", names[row], medians[row]);
	}
	printf("%-42s %12.2f   (at most 1.60)\n", "mote / KVM's own cost", medians[MOTE] / medians[FLOOR_TOTAL]);
	printf("%-42s %12.2f\n", "mote / kvm-floor, both from exec", medians[MOTE] / medians[FLOOR_EXEC]);
	return 0;
}
