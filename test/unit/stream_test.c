#include "vmm/core/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "test/unit/loop_support.h"

/* A stream between two pipes (or one pty), with a device that takes at most `room` bytes of input at a time. */
struct console {
	struct loop *loop;
	struct stream *stream;
	int to_guest; /* what a user types into */
	int from_guest; /* what a user sees */
	int in_fd, out_fd;
	/* the loop's thread */
	size_t room;
	char input[8192];
	size_t nr_input;
	char commands[16];
	unsigned int nr_commands;
	unsigned int nr_writable;
};

static void note_command(void *arg, enum stream_command command)
{
	struct console *console = arg;

	console->commands[console->nr_commands++] = "qph"[command];
}

static void take_input(void *arg)
{
	struct console *console = arg;
	size_t n = console->room;

	if (n > sizeof(console->input) - console->nr_input)
		n = sizeof(console->input) - console->nr_input;
	n = stream_read(console->stream, console->input + console->nr_input, n);
	console->nr_input += n;
	console->room -= n;
}

static void note_writable(void *arg)
{
	((struct console *)arg)->nr_writable++;
}

static void console_open(struct console *console, int engine, uint8_t escape, bool pty)
{
	const struct stream_user user = { .readable = take_input, .writable = note_writable, .arg = console };
	struct stream_config config = { .escape = escape, .command = note_command, .command_arg = console };
	int fds[2];

	memset(console, 0, sizeof(*console));
	console->room = sizeof(console->input);
	console->loop = make_loop(engine, 8);
	if (pty) {
		struct termios raw;

		ck_assert_int_eq(openpty(&fds[0], &fds[1], NULL, NULL, NULL), 0);
		ck_assert_int_eq(tcgetattr(fds[1], &raw), 0);
		cfmakeraw(&raw);
		ck_assert_int_eq(tcsetattr(fds[1], TCSANOW, &raw), 0);
		console->to_guest = console->from_guest = fds[0];
		console->in_fd = console->out_fd = fds[1];
	} else {
		ck_assert_int_eq(pipe(fds), 0);
		console->in_fd = fds[0];
		console->to_guest = fds[1];
		ck_assert_int_eq(pipe(fds), 0);
		console->from_guest = fds[0];
		console->out_fd = fds[1];
	}
	config.in_fd = console->in_fd;
	config.out_fd = console->out_fd;
	ck_assert_int_eq(stream_create(console->loop, &config, &console->stream), 0);
	stream_attach(console->stream, &user);
	ck_assert_int_eq(loop_start(console->loop), 0);
}

static void console_close(struct console *console)
{
	stream_shutdown(console->stream);
	stream_destroy(console->stream);
	loop_stop(console->loop);
	loop_join(console->loop);
	loop_destroy(console->loop);
}

static int add_room(void *arg)
{
	((struct console *)arg)->room = 100;
	return 0;
}

static int input_len(void *arg)
{
	return (int)((struct console *)arg)->nr_input;
}

static int commands_len(void *arg)
{
	return (int)((struct console *)arg)->nr_commands;
}

static int writable_count(void *arg)
{
	return (int)((struct console *)arg)->nr_writable;
}

/* Waits until the loop's thread says at least so many; Check's time limit ends a wait for ever. */
static void wait_for(struct console *console, int (*count)(void *arg), int wanted)
{
	while (loop_call(console->loop, count, console) < wanted)
		usleep(200);
}

START_TEST(what_is_typed_reaches_the_device_and_the_guests_output_the_user)
{
	struct console console;
	char seen[16];

	console_open(&console, _i, STREAM_ESCAPE_DEFAULT, false);
	ck_assert_int_eq(write(console.to_guest, "hello", 5), 5);
	wait_for(&console, input_len, 5);
	ck_assert_mem_eq(console.input, "hello", 5);
	stream_write(console.stream, "world", 5);
	ck_assert_int_eq(read(console.from_guest, seen, sizeof(seen)), 5);
	ck_assert_mem_eq(seen, "world", 5);
	console_close(&console);
}
END_TEST

START_TEST(the_escape_key_commands_and_two_of_them_are_one)
{
	struct console console;
	const char typed[] = "a\x1dq"
			     "b\x1dp\x1d?"
			     "\x1d\x1d"
			     "c\x1dz"
			     "d\x1d";

	console_open(&console, _i, STREAM_ESCAPE_DEFAULT, false);
	/* Byte by byte as well: the key and its letter may come in two reads. */
	ck_assert_int_eq(write(console.to_guest, typed, sizeof(typed) - 1), sizeof(typed) - 1);
	wait_for(&console, commands_len, 4);
	ck_assert_int_eq(write(console.to_guest, "h", 1), 1);
	wait_for(&console, commands_len, 5);
	wait_for(&console, input_len, 5);
	ck_assert_mem_eq(console.commands, "qphhh", 5);
	ck_assert_mem_eq(console.input,
			 "ab\x1d"
			 "cd",
			 5);
	ck_assert_uint_eq(console.nr_input, 5);
	console_close(&console);
}
END_TEST

START_TEST(without_an_escape_key_every_byte_is_the_guests)
{
	struct console console;

	console_open(&console, _i, STREAM_ESCAPE_NONE, false);
	ck_assert_int_eq(write(console.to_guest, "\x1dq\0x", 4), 4);
	wait_for(&console, input_len, 4);
	ck_assert_mem_eq(console.input, "\x1dq\0x", 4);
	ck_assert_uint_eq(console.nr_commands, 0);
	console_close(&console);
}
END_TEST

START_TEST(input_that_the_device_has_no_room_for_waits_and_nothing_is_lost)
{
	struct console console;
	char typed[6000];

	for (size_t i = 0; i < sizeof(typed); i++)
		typed[i] = (char)('a' + i % 26);
	console_open(&console, _i, STREAM_ESCAPE_NONE, false);
	(void)loop_call(console.loop, add_room, &console);
	ck_assert_int_eq(write(console.to_guest, typed, sizeof(typed)), sizeof(typed));
	wait_for(&console, input_len, 100);
	for (int taken = 100; taken < (int)sizeof(typed); taken += 100) {
		ck_assert_int_eq(loop_call(console.loop, input_len, &console), taken);
		(void)loop_call(console.loop, add_room, &console);
		stream_want_input(console.stream);
		wait_for(&console, input_len, taken + 100);
	}
	ck_assert_mem_eq(console.input, typed, sizeof(typed));
	console_close(&console);
}
END_TEST

START_TEST(a_pipes_writer_waits_when_the_guest_does_not_read)
{
	struct console console;
	char typed[4096] = { 0 };
	size_t written = 0;
	ssize_t n;

	console_open(&console, _i, STREAM_ESCAPE_DEFAULT, false);
	(void)loop_call(console.loop, add_room, &console);
	ck_assert_int_eq(fcntl(console.to_guest, F_SETFL, O_NONBLOCK), 0);
	for (int quiet = 0; quiet < 50;) {
		n = write(console.to_guest, typed, sizeof(typed));
		written += n > 0 ? (size_t)n : 0;
		quiet = n > 0 ? 0 : quiet + 1;
		ck_assert_uint_lt(written, 1024 * 1024);
		usleep(200);
	}
	ck_assert_uint_gt(written, 0);
	console_close(&console);
}
END_TEST

START_TEST(the_escape_key_works_on_a_terminal_whose_guest_does_not_read)
{
	struct console console;
	char typed[1024];

	memset(typed, 'x', sizeof(typed));
	console_open(&console, _i, STREAM_ESCAPE_DEFAULT, true);
	(void)loop_call(console.loop, add_room, &console);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(write(console.to_guest, typed, sizeof(typed)), sizeof(typed));
	ck_assert_int_eq(write(console.to_guest, "\x1dq", 2), 2);
	wait_for(&console, commands_len, 1);
	ck_assert_int_eq(console.commands[0], 'q');
	/* What was typed before is still there. */
	console.nr_input = 0;
	for (int taken = 0; taken < 20 * 1024 - 100; taken += 100) {
		(void)loop_call(console.loop, add_room, &console);
		console.nr_input = 0;
		stream_want_input(console.stream);
		wait_for(&console, input_len, 100 < 20 * 1024 - 100 - taken ? 100 : 20 * 1024 - 100 - taken);
		ck_assert_int_eq(console.input[0], 'x');
	}
	console_close(&console);
}
END_TEST

START_TEST(the_end_of_input_is_silent)
{
	struct console console;
	char seen[4];

	console_open(&console, _i, STREAM_ESCAPE_DEFAULT, false);
	ck_assert_int_eq(write(console.to_guest, "z", 1), 1);
	close(console.to_guest);
	wait_for(&console, input_len, 1);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(loop_call(console.loop, input_len, &console), 1);
	stream_write(console.stream, "x", 1);
	ck_assert_int_eq(read(console.from_guest, seen, sizeof(seen)), 1);
	console_close(&console);
}
END_TEST

START_TEST(a_stream_without_descriptors_swallows_output)
{
	struct stream_config config = { .in_fd = -1, .out_fd = -1 };
	struct loop *loop = make_loop(_i, 8);
	struct stream *stream;
	char none[4];

	ck_assert_int_eq(stream_create(loop, &config, &stream), 0);
	stream_write(stream, "abc", 3);
	ck_assert_uint_eq(stream_write_some(stream, "abc", 3), 3);
	ck_assert_uint_eq(stream_read(stream, none, sizeof(none)), 0);
	stream_destroy(stream);
	loop_destroy(loop);
}
END_TEST

struct writer {
	struct stream *stream;
	atomic_bool ended;
	size_t len;
};

static void *write_much(void *arg)
{
	static char much[1024 * 1024];
	struct writer *writer = arg;

	memset(much, 'm', sizeof(much));
	stream_write(writer->stream, much, writer->len);
	atomic_store(&writer->ended, true);
	return NULL;
}

static void stuck_reader(int engine, bool pty)
{
	struct console console;
	struct writer writer = { .len = 1024 * 1024 };
	pthread_t thread;

	console_open(&console, engine, STREAM_ESCAPE_DEFAULT, pty);
	writer.stream = console.stream;
	ck_assert_int_eq(pthread_create(&thread, NULL, write_much, &writer), 0);
	usleep(30000);
	ck_assert_msg(!atomic_load(&writer.ended), "a megabyte went into a pipe that nobody reads");
	/* A signal that breaks KVM_RUN is not a reason to lose output. */
	signal(SIGUSR1, SIG_IGN);
	pthread_kill(thread, SIGUSR1);
	stream_shutdown(console.stream);
	pthread_join(thread, NULL);
	stream_write(console.stream, "more", 4);
	ck_assert_uint_eq(stream_write_some(console.stream, "more", 4), 4);
	console_close(&console);
}

START_TEST(a_shutdown_frees_a_writer_from_a_stuck_pipe)
{
	stuck_reader(_i, false);
}
END_TEST

START_TEST(a_shutdown_frees_a_writer_from_a_stuck_terminal)
{
	stuck_reader(_i, true);
}
END_TEST

START_TEST(a_slow_reader_gets_everything)
{
	static char seen[65536];
	struct console console;
	struct writer writer = { .len = 300000 };
	size_t total = 0;
	pthread_t thread;

	console_open(&console, _i, STREAM_ESCAPE_DEFAULT, false);
	writer.stream = console.stream;
	ck_assert_int_eq(pthread_create(&thread, NULL, write_much, &writer), 0);
	while (total < writer.len) {
		ssize_t n = read(console.from_guest, seen, 5000);

		ck_assert_int_gt(n, 0);
		ck_assert_ptr_null(memchr(seen, '\0', (size_t)n));
		total += (size_t)n;
		usleep(100);
	}
	pthread_join(thread, NULL);
	ck_assert_uint_eq(total, writer.len);
	console_close(&console);
}
END_TEST

START_TEST(a_reader_that_is_gone_does_not_stop_the_guest)
{
	struct console console;
	struct writer writer = { .len = 1024 * 1024 };

	signal(SIGPIPE, SIG_IGN);
	console_open(&console, _i, STREAM_ESCAPE_DEFAULT, false);
	writer.stream = console.stream;
	close(console.from_guest);
	(void)write_much(&writer);
	ck_assert(atomic_load(&writer.ended));
	console_close(&console);
}
END_TEST

static int fill_output(void *arg)
{
	static const char much[100000];
	struct console *console = arg;

	return (int)stream_write_some(console->stream, much, sizeof(much));
}

START_TEST(a_short_write_is_followed_by_one_writable_call)
{
	static char seen[200000];
	struct console console;
	int taken;

	console_open(&console, _i, STREAM_ESCAPE_DEFAULT, false);
	taken = loop_call(console.loop, fill_output, &console);
	ck_assert_int_gt(taken, 0);
	ck_assert_int_lt(taken, 100000);
	ck_assert_int_eq(loop_call(console.loop, writable_count, &console), 0);
	ck_assert_int_eq(read(console.from_guest, seen, sizeof(seen)), taken);
	wait_for(&console, writable_count, 1);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(loop_call(console.loop, writable_count, &console), 1);
	console_close(&console);
}
END_TEST

START_TEST(the_users_own_descriptors_stay_blocking)
{
	struct console console;

	console_open(&console, _i, STREAM_ESCAPE_DEFAULT, true);
	stream_write(console.stream, "x", 1);
	ck_assert(!(fcntl(console.in_fd, F_GETFL) & O_NONBLOCK));
	ck_assert(!(fcntl(console.out_fd, F_GETFL) & O_NONBLOCK));
	console_close(&console);
	ck_assert_int_ge(fcntl(console.in_fd, F_GETFL), 0);
}
END_TEST

START_TEST(output_to_a_file_keeps_its_place)
{
	struct stream_config config = { .in_fd = -1, .out_fd = make_file(O_APPEND) };
	struct loop *loop = make_loop(_i, 8);
	struct stream *stream;
	char seen[16];

	ck_assert_int_eq(write(config.out_fd, "before ", 7), 7);
	ck_assert_int_eq(stream_create(loop, &config, &stream), 0);
	stream_write(stream, "after", 5);
	ck_assert_int_eq(pread(config.out_fd, seen, sizeof(seen), 0), 12);
	ck_assert_mem_eq(seen, "before after", 12);
	stream_destroy(stream);
	close(config.out_fd);
	loop_destroy(loop);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream");
	TCase *input = tcase_create("input");
	TCase *output = tcase_create("output");

	tcase_set_timeout(input, 60);
	tcase_set_timeout(output, 60);
	add_engine_test(input, what_is_typed_reaches_the_device_and_the_guests_output_the_user);
	add_engine_test(input, the_escape_key_commands_and_two_of_them_are_one);
	add_engine_test(input, without_an_escape_key_every_byte_is_the_guests);
	add_engine_test(input, input_that_the_device_has_no_room_for_waits_and_nothing_is_lost);
	add_engine_test(input, a_pipes_writer_waits_when_the_guest_does_not_read);
	add_engine_test(input, the_escape_key_works_on_a_terminal_whose_guest_does_not_read);
	add_engine_test(input, the_end_of_input_is_silent);
	add_engine_test(output, a_stream_without_descriptors_swallows_output);
	add_engine_test(output, a_shutdown_frees_a_writer_from_a_stuck_pipe);
	add_engine_test(output, a_shutdown_frees_a_writer_from_a_stuck_terminal);
	add_engine_test(output, a_slow_reader_gets_everything);
	add_engine_test(output, a_reader_that_is_gone_does_not_stop_the_guest);
	add_engine_test(output, a_short_write_is_followed_by_one_writable_call);
	add_engine_test(output, the_users_own_descriptors_stay_blocking);
	add_engine_test(output, output_to_a_file_keeps_its_place);
	suite_add_tcase(suite, input);
	suite_add_tcase(suite, output);
	return unit_main(suite);
}
