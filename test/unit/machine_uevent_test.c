/* vmm/machine/uevent: which of the kernel's messages say that a disk has changed. */
#include "vmm/machine/uevent.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "test/unit/unit.h"

/* String literals end with one more NUL, which is that of the last string. */
#define MESSAGE(text) text, sizeof(text)

static const struct {
	const char *bytes;
	size_t len;
	unsigned int major_number, minor_number; /* 0: not a change of a disk */
} messages[] = {
	{ MESSAGE("change@/devices/virtual/block/dm-3\0ACTION=change\0DEVPATH=/devices/virtual/block/dm-3\0"
		  "SUBSYSTEM=block\0DM_COOKIE=6300000\0MAJOR=253\0MINOR=3\0DEVNAME=dm-3\0SEQNUM=4711"),
	  253, 3 },
	{ MESSAGE("x\0MINOR=1048575\0MAJOR=259\0SUBSYSTEM=block\0ACTION=change"), 259, 1048575 },
	{ MESSAGE("x\0ACTION=change\0SUBSYSTEM=block\0MAJOR=7\0MINOR=0\0RESIZE=1"), 7, 0 },
	{ MESSAGE("x\0ACTION=add\0SUBSYSTEM=block\0MAJOR=7\0MINOR=0"), 0, 0 },
	{ MESSAGE("x\0ACTION=changed\0SUBSYSTEM=block\0MAJOR=7\0MINOR=0"), 0, 0 },
	{ MESSAGE("x\0ACTION=change\0SUBSYSTEM=tty\0MAJOR=7\0MINOR=0"), 0, 0 },
	{ MESSAGE("x\0ACTION=change\0SUBSYSTEM=blocks\0MAJOR=7\0MINOR=0"), 0, 0 },
	{ MESSAGE("x\0ACTION=change\0SUBSYSTEM=block\0MAJOR=7"), 0, 0 },
	{ MESSAGE("x\0ACTION=change\0SUBSYSTEM=block\0MINOR=7"), 0, 0 },
	{ MESSAGE("x\0ACTION=change\0SUBSYSTEM=block\0MAJOR=\0MINOR=0"), 0, 0 },
	{ MESSAGE("x\0ACTION=change\0SUBSYSTEM=block\0MAJOR=-7\0MINOR=0"), 0, 0 },
	{ MESSAGE("x\0ACTION=change\0SUBSYSTEM=block\0MAJOR= 7\0MINOR=0"), 0, 0 },
	{ MESSAGE("x\0ACTION=change\0SUBSYSTEM=block\0MAJOR=7x\0MINOR=0"), 0, 0 },
	{ MESSAGE("x\0ACTION=change\0SUBSYSTEM=block\0MAJOR=4294967296\0MINOR=0"), 0, 0 },
	{ MESSAGE("x\0ACTION=change\0SUBSYSTEM=block\0MAJOR=99999999999999999999999\0MINOR=0"), 0, 0 },
	{ MESSAGE("xACTION=change\0xSUBSYSTEM=block\0xMAJOR=7\0xMINOR=0"), 0, 0 },
	{ MESSAGE(""), 0, 0 },
	{ "", 0, 0, 0 },
	/* Cut off: no NUL at the end. */
	{ "x\0ACTION=change\0SUBSYSTEM=block\0MAJOR=7\0MINOR=0",
	  sizeof("x\0ACTION=change\0SUBSYSTEM=block\0MAJOR=7\0MINOR=0") - 1, 0, 0 },
};

START_TEST(only_a_change_of_a_block_device_counts)
{
	dev_t device = makedev(1, 2);
	bool wanted = messages[_i].major_number != 0;

	ck_assert_int_eq(uevent_is_disk_change(messages[_i].bytes, messages[_i].len, &device), wanted);
	if (wanted)
		ck_assert(device == makedev(messages[_i].major_number, messages[_i].minor_number));
	else
		ck_assert(device == makedev(1, 2));
}
END_TEST

/* Every cut of a good message, and every byte of it replaced: nothing is read beyond its end. */
START_TEST(damaged_messages_are_read_within_their_bounds)
{
	size_t len = messages[0].len;
	dev_t device;

	for (size_t cut = 0; cut <= len; cut++) {
		char *bytes = malloc(cut > 0 ? cut : 1);

		ck_assert_ptr_nonnull(bytes);
		memcpy(bytes, messages[0].bytes, cut);
		(void)uevent_is_disk_change(bytes, cut, &device);
		for (size_t i = 0; i < cut; i++) {
			bytes[i] = (char)(i * 31);
			(void)uevent_is_disk_change(bytes, cut, &device);
			bytes[i] = messages[0].bytes[i];
		}
		free(bytes);
	}
}
END_TEST

START_TEST(a_socket_without_messages_says_so)
{
	char message[64];
	int fd = uevent_open();
	ssize_t n;

	if (fd < 0) /* as in some containers */
		return;
	do
		n = uevent_receive(fd, message, sizeof(message));
	while (n >= 0);
	ck_assert(n == -EAGAIN || n == -ENOBUFS);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("machine/uevent");
	TCase *tcase = tcase_create("uevent");

	tcase_add_loop_test(tcase, only_a_change_of_a_block_device_counts, 0, sizeof(messages) / sizeof(messages[0]));
	tcase_add_test(tcase, damaged_messages_are_read_within_their_bounds);
	tcase_add_test(tcase, a_socket_without_messages_says_so);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
