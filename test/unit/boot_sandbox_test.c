#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/unit/boot_support.h"
#include "test/unit/unit.h"
#include "vmm/base/parallel.h"
#include "vmm/boot/sandbox.h"
#include "vmm/boot/scratch.h"
#include "vmm/boot/unpack.h"

#define WORK_BYTES (32ull << 20)

static int run(int (*work)(void *arg), void *arg)
{
	return sandbox_run(work, arg, WORK_BYTES, NULL);
}

static int write_answer(void *arg)
{
	struct scratch *scratch = arg;

	memset(scratch->data, 'x', scratch->size_bytes);
	return 42;
}

START_TEST(brings_back_what_is_shared)
{
	struct scratch shared = { 0 }, own = { 0 };

	ck_assert_int_eq(scratch_map_shared(&shared, 1 << 20), 0);
	ck_assert_int_eq(scratch_map(&own, 1 << 20), 0);
	ck_assert_int_eq(run(write_answer, &shared), 42);
	ck_assert_int_eq(shared.data[0], 'x');
	ck_assert_int_eq(shared.data[(1 << 20) - 1], 'x');
	ck_assert_int_eq(run(write_answer, &own), 42);
	ck_assert_int_eq(own.data[0], 0);
	scratch_unmap(&shared);
	scratch_unmap(&own);
}
END_TEST

static int complain(void *arg)
{
	(void)arg;
	return -ENOMEM;
}

static int allocate(void *arg)
{
	char *volatile small = malloc(100);
	char *volatile large = malloc(WORK_BYTES / 8);
	char *volatile larger = realloc(large, WORK_BYTES / 8 + 10000);

	(void)arg;
	if (!small || !larger)
		return -ENOMEM;
	memset(larger, 1, WORK_BYTES / 8);
	free(larger);
	free(small);
	return 7;
}

static int allocate_too_much(void *arg)
{
	(void)arg;
	return malloc(2 * WORK_BYTES) ? 1 : -ENOMEM;
}

START_TEST(gives_memory_and_no_more)
{
	ck_assert_int_eq(run(complain, NULL), -ENOMEM);
	ck_assert_int_eq(run(allocate, NULL), 7);
	/* Some allocators end the program rather than say so. */
	ck_assert_int_lt(run(allocate_too_much, NULL), 0);
}
END_TEST

static int crash(void *arg)
{
	*(volatile char *)arg = 1;
	return 0;
}

static int abort_now(void *arg)
{
	(void)arg;
	abort();
}

static int open_file(void *arg)
{
	return open(arg, O_RDONLY);
}

static int write_out(void *arg)
{
	(void)arg;
	return write(STDERR_FILENO, "out\n", 4) == 4 ? 0 : 1;
}

static int make_socket(void *arg)
{
	(void)arg;
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int make_child(void *arg)
{
	(void)arg;
	return fork() == 0 ? 1 : 2;
}

static int kill_parent(void *arg)
{
	return kill(*(pid_t *)arg, SIGKILL);
}

static int run_program(void *arg)
{
	char *const none[] = { NULL };

	return execve(arg, none, none);
}

static int make_code(void *arg)
{
	(void)arg;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

START_TEST(survives_what_takes_the_child_over)
{
	static int (*const attacks[])(void *) = {
		crash, abort_now, open_file, write_out, make_socket, make_child, kill_parent, run_program, make_code,
	};
	pid_t own = getpid();

	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		void *arg = (void *)"/bin/true";

		if (attacks[i] == crash)
			arg = (void *)8;
		if (attacks[i] == kill_parent)
			arg = &own;
		ck_assert_int_eq(run(attacks[i], arg), -EBADMSG);
	}
	ck_assert_int_eq(run(allocate, NULL), 7);
}
END_TEST

static int count_threads(void *arg)
{
	(void)arg;
	return (int)parallel_threads(8);
}

START_TEST(works_on_one_thread)
{
	ck_assert_int_eq(run(count_threads, NULL), 1);
	ck_assert_uint_ge(parallel_threads(8), 1);
}
END_TEST

static int hang(void *arg)
{
	volatile bool on = true;

	while (on)
		*(volatile int *)arg ^= 1;
	return 0;
}

static void ignore(int signal)
{
	(void)signal;
}

static atomic_bool cancel;

static void *cancel_soon(void *arg)
{
	pthread_t waiting = *(pthread_t *)arg;

	usleep(20000);
	/* A signal alone is no reason to give up. */
	pthread_kill(waiting, SIGUSR1);
	usleep(20000);
	atomic_store(&cancel, true);
	pthread_kill(waiting, SIGUSR1);
	return NULL;
}

START_TEST(can_be_cancelled)
{
	struct sigaction action = { .sa_handler = ignore };
	pthread_t self = pthread_self(), thread;
	int counter = 0;

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, &self), 0);
	ck_assert_int_eq(sandbox_run(hang, &counter, WORK_BYTES, &cancel), -ECANCELED);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

static void *cancel_without_signal(void *arg)
{
	(void)arg;
	usleep(20000);
	atomic_store(&cancel, true);
	return NULL;
}

/* As a thread is that waits for one of several children. */
START_TEST(can_be_cancelled_without_a_signal)
{
	pthread_t thread;
	int counter = 0;

	atomic_store(&cancel, false);
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_without_signal, NULL), 0);
	ck_assert_int_eq(sandbox_run(hang, &counter, WORK_BYTES, &cancel), -ECANCELED);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

START_TEST(works_where_children_are_not_waited_for)
{
	struct scratch shared = { 0 };

	ck_assert_int_eq(scratch_map_shared(&shared, 4096), 0);
	signal(SIGCHLD, SIG_IGN);
	ck_assert_int_eq(run(write_answer, &shared), 42);
	signal(SIGCHLD, SIG_DFL);
	scratch_unmap(&shared);
}
END_TEST

START_TEST(unpacks_payloads)
{
	static const enum payload_format formats[] = { PAYLOAD_GZIP, PAYLOAD_LZ4, PAYLOAD_XZ, PAYLOAD_ZSTD };
	struct bytes vmlinux = test_vmlinux(NOTES_LINUX);
	struct bytes packed = test_pack((enum test_packing)_i, vmlinux.data, vmlinux.len);
	struct scratch in = { packed.data, packed.len }, out = { 0 };

	ck_assert_int_eq(unpack_payload(formats[_i], &in, vmlinux.len, NULL, &out), 0);
	ck_assert_uint_eq(out.size_bytes, vmlinux.len);
	ck_assert_mem_eq(out.data, vmlinux.data, vmlinux.len);
	scratch_unmap(&out);
	/* Another size than it has, and damage. */
	ck_assert_int_eq(unpack_payload(formats[_i], &in, vmlinux.len - 1, NULL, &out), -EBADMSG);
	ck_assert_ptr_null(out.data);
	memset(packed.data, 0xff, 8);
	ck_assert_int_eq(unpack_payload(formats[_i], &in, vmlinux.len, NULL, &out), -EBADMSG);
	ck_assert_ptr_null(out.data);
	bytes_free(&packed);
	bytes_free(&vmlinux);
}
END_TEST

/* What several children unpack, a part each, is one payload. */
START_TEST(unpacks_in_several_children)
{
	const size_t len = 3 * PAYLOAD_LZ4_BLOCK + 12345;
	uint8_t *plain = malloc(len);
	struct scratch in, out = { 0 };
	struct bytes packed;

	ck_assert_ptr_nonnull(plain);
	for (size_t i = 0; i < len; i++)
		plain[i] = (uint8_t)(i >> 10);
	packed = test_pack(PACK_LZ4, plain, len);
	in = (struct scratch){ packed.data, packed.len };
	ck_assert_int_eq(unpack_payload(PAYLOAD_LZ4, &in, len, NULL, &out), 0);
	ck_assert(memcmp(out.data, plain, len) == 0);
	scratch_unmap(&out);
	/* One block of the last part's is too long. */
	ck_assert_int_eq(unpack_payload(PAYLOAD_LZ4, &in, len - 1, NULL, &out), -EBADMSG);
	ck_assert_ptr_null(out.data);
	bytes_free(&packed);
	free(plain);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("boot_sandbox");
	TCase *tcase = tcase_create("sandbox");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, brings_back_what_is_shared);
	tcase_add_test(tcase, gives_memory_and_no_more);
	tcase_add_test(tcase, survives_what_takes_the_child_over);
	tcase_add_test(tcase, works_on_one_thread);
	tcase_add_test(tcase, can_be_cancelled);
	tcase_add_test(tcase, can_be_cancelled_without_a_signal);
	tcase_add_test(tcase, works_where_children_are_not_waited_for);
	tcase_add_loop_test(tcase, unpacks_payloads, 0, NR_PACKINGS);
	tcase_add_test(tcase, unpacks_in_several_children);
	return suite;
}

int main(void)
{
	return unit_main(suite());
}
