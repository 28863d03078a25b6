/* Boots a kernel with libmote, prints its console, and powers it off when asked to with Ctrl-C.
 *
 *     cc -o boot boot.c $(pkg-config --cflags --libs --static mote)
 *     ./boot /vmlinuz /initrd.img /dev/vg0/web
 */
#include <mote.h>

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static struct mote_vm *vm;

static void on_interrupt(int signal)
{
	(void)signal;
	mote_vm_power_button(vm);
}

static const char *describe(enum mote_outcome outcome)
{
	switch (outcome) {
	case MOTE_POWERED_OFF:
		return "powered off";
	case MOTE_REBOOTED:
		return "rebooted";
	case MOTE_PANICKED:
		return "panicked";
	case MOTE_STOPPED:
		return "was stopped";
	case MOTE_FAILED:
		break;
	}
	return "failed";
}

int main(int argc, char **argv)
{
	enum mote_outcome outcome = MOTE_FAILED;
	struct mote_config config;

	if (argc < 2) {
		fprintf(stderr, "usage: %s KERNEL [INITRD [DISK]]\n", argv[0]);
		return 2;
	}
	mote_config_init(&config);
	config.kernel = argv[1];
	config.command_line = "root=/dev/vda";
	config.console_out_fd = STDOUT_FILENO;
	if (argc > 2)
		config.initrd = argv[2];
	if (argc > 3) {
		config.disks[0].path = argv[3];
		config.nr_disks = 1;
	}
	/* Each failure has already told why, on stderr. */
	if (mote_vm_create(&config, &vm) < 0)
		return 1;
	signal(SIGINT, on_interrupt);
	if (mote_vm_run(vm, &outcome) < 0)
		outcome = MOTE_FAILED;
	signal(SIGINT, SIG_DFL);
	mote_vm_destroy(vm);
	printf("the guest %s\n", describe(outcome));
	return outcome == MOTE_POWERED_OFF ? 0 : 1;
}
