#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "test/unit/loop_support.h"
#include "vmm/machine/firmware_keys.h"

/* A console whose device notes what it is offered. */
static struct loop *loop;
static struct stream *stream;
static struct firmware_keys keys;
static int user_fd, in_fd;
static char taken[64]; /* the loop's thread's */
static size_t nr_taken;
static atomic_bool cancel;

static void take(void *arg)
{
	(void)arg;
	nr_taken += stream_read(stream, taken + nr_taken, sizeof(taken) - 1 - nr_taken);
}

static int count_taken(void *arg)
{
	(void)arg;
	return (int)nr_taken;
}

static void setup(void)
{
	const struct stream_user device = { .readable = take };
	struct stream_config config = { .out_fd = -1 };
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	config.in_fd = in_fd = fds[0];
	user_fd = fds[1];
	loop = make_loop(LOOP_ENGINE_THREAD, 8);
	ck_assert_int_eq(stream_create(loop, &config, &stream), 0);
	stream_attach(stream, &device);
	memset(taken, 0, sizeof(taken));
	nr_taken = 0;
	atomic_store(&cancel, false);
	ck_assert_int_eq(firmware_keys_init(&keys, loop, stream), 0);
	ck_assert_int_eq(loop_start(loop), 0);
}

static void teardown(void)
{
	firmware_keys_fini(&keys);
	stream_shutdown(stream);
	stream_destroy(stream);
	loop_stop(loop);
	loop_join(loop);
	loop_destroy(loop);
	close(user_fd);
	close(in_fd);
}

static void type(const char *text)
{
	ck_assert_int_eq(write(user_fd, text, strlen(text)), (ssize_t)strlen(text));
}

START_TEST(gives_keys_one_by_one)
{
	type("ab");
	ck_assert_int_eq(firmware_keys_wait(&keys, UINT32_MAX, &cancel), 'a');
	ck_assert_int_eq(firmware_keys_wait(&keys, UINT32_MAX, &cancel), 'b');
	ck_assert_int_eq(firmware_keys_wait(&keys, 0, &cancel), -EAGAIN);
	ck_assert_int_eq(firmware_keys_wait(&keys, 2, &cancel), -EAGAIN);
	type("\xff");
	ck_assert_int_eq(firmware_keys_wait(&keys, UINT32_MAX, &cancel), 0xff);
}
END_TEST

START_TEST(leaves_the_rest_to_the_device)
{
	type("xroot\n");
	ck_assert_int_eq(firmware_keys_wait(&keys, UINT32_MAX, &cancel), 'x');
	ck_assert_int_eq(loop_call(loop, count_taken, NULL), 0);
	firmware_keys_fini(&keys);
	while (loop_call(loop, count_taken, NULL) < 5)
		usleep(200);
	ck_assert_str_eq(taken, "root\n");
	ck_assert_int_eq(firmware_keys_wait(&keys, 0, &cancel), -EAGAIN);
	type("more");
	while (loop_call(loop, count_taken, NULL) < 9)
		usleep(200);
	ck_assert_str_eq(taken, "root\nmore");
}
END_TEST

static void ignore(int signal)
{
	(void)signal;
}

static void *cancel_soon(void *arg)
{
	pthread_t waiting = *(pthread_t *)arg;

	atomic_store(&cancel, true);
	/* As a vCPU is stopped: again and again, since a signal may come before the wait. */
	while (atomic_load(&cancel)) {
		pthread_kill(waiting, SIGUSR1);
		usleep(1000);
	}
	return NULL;
}

START_TEST(can_be_cancelled)
{
	struct sigaction action = { .sa_handler = ignore };
	pthread_t self = pthread_self(), thread;

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, &self), 0);
	ck_assert_int_eq(firmware_keys_wait(&keys, UINT32_MAX, &cancel), -EAGAIN);
	atomic_store(&cancel, false);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

START_TEST(no_console_has_no_keys)
{
	struct firmware_keys none;

	ck_assert_int_eq(firmware_keys_init(&none, loop, NULL), 0);
	ck_assert_int_eq(firmware_keys_wait(&none, 1, &cancel), -EAGAIN);
	firmware_keys_fini(&none);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("firmware_keys");
	TCase *tcase = tcase_create("keys");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, gives_keys_one_by_one);
	tcase_add_test(tcase, leaves_the_rest_to_the_device);
	tcase_add_test(tcase, can_be_cancelled);
	tcase_add_test(tcase, no_console_has_no_keys);
	return suite;
}

int main(void)
{
	return unit_main(suite());
}
