#include "vmm/cli/help.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char overview[] = "mote starts virtual machines: one process each, on Linux KVM.\n"
			       "\n"
			       "usage: mote run --kernel FILE [--disk PATH]... [option]...\n"
			       "       mote doctor [--remove-leftovers]\n"
			       "       mote help [run|doctor]\n"
			       "       mote --version\n"
			       "\n"
			       "  run      start a VM; its console is this terminal, and mote ends when it powers off\n"
			       "  doctor   tell what this host can do for mote, and what to do about the rest\n"
			       "  help     explain a command\n"
			       "\n"
			       "Try: mote run --kernel /vmlinuz --initrd /initrd.img \\\n"
			       "              --disk debian.img --append 'root=/dev/vda rw'\n";

static const char run_text[] =
	"usage: mote run --kernel FILE [option]...\n"
	"\n"
	"Starts a virtual machine in the foreground. Its console is stdin and stdout; mote's own\n"
	"words go to stderr. Ends when the guest powers off or reboots.\n"
	"\n"
	"what to start\n"
	"  --kernel FILE      Linux kernel: a bzImage (/boot/vmlinuz-*) or an ELF (vmlinux)\n"
	"  --initrd FILE      initial RAM disk\n"
	"  --append TEXT      kernel command line; the console is added if it names none\n"
	"  --no-kaslr         load the kernel where it was linked, not at a random place\n"
	"  --no-cache         do not keep or use the unpacked kernel (~/.cache/mote)\n"
	"\n"
	"what it has\n"
	"  --memory SIZE      16M to 1T, in steps of 1M; K, M, G and T are powers of 1024 (512M)\n"
	"  --cpus N           1 to 64 (1)\n"
	"  --disk PATH[,OPTION]...\n"
	"                     an image file (raw or qcow2), a block device, or a logical volume as\n"
	"                     lvm:VG/LV; up to 24 times: the first is /dev/vda. A comma in a path\n"
	"                     is written ',,'\n"
	"      ro             read-only\n"
	"      format=KIND    raw or qcow2; by default qcow2 for names that end in .qcow2\n"
	"      overlay=temp   PATH never changes; what the guest writes is gone when it ends\n"
	"      overlay=FILE   PATH never changes; what the guest writes is kept in FILE\n"
	"      snapshot       lvm: only: run on a snapshot, removed when the VM ends\n"
	"      snapshot-size=SIZE   room for what differs, if the volume is not thin\n"
	"      serial=TEXT    shown as /dev/disk/by-id/virtio-TEXT; at most 20 characters\n"
	"      block=N        logical blocks of 512 or 4096 bytes; by default the disk's own\n"
	"      discard=on|off give the space of discarded blocks back (on)\n"
	"      error=report|pause   when the host's disk fails: an I/O error for the guest, or a\n"
	"                     pause of the VM until it works again (report)\n"
	"      bandwidth=RATE[:BURST]   limit in bytes a second, such as 50M\n"
	"      iops=RATE[:BURST]        limit in operations a second, such as 1000\n"
	"      cache=MODE     direct (O_DIRECT) or writeback (host's page cache); by default\n"
	"                     direct for block devices, writeback for files\n"
	"      engine=NAME    io_uring, aio or thread; by default the first that this host has\n"
	"      poll=TIME      look for completions this many microseconds before sleeping, or\n"
	"                     off; by default (auto) while CPUs are idle and it helps\n"
	"      queues=N       1 to 16; by default one for each CPU, at most 4\n"
	"  --console KIND     serial (ttyS0), hvc (hvc0, virtio) or none (serial)\n"
	"  --name NAME        for messages and for ps(1) (mote-PID)\n"
	"\n"
	"  --verbose          say what was chosen and found; twice: for debugging mote\n"
	"  --help\n"
	"\n"
	"keys, when stdin is a terminal: Ctrl-] and then\n"
	"  q  end the VM at once      p  press its power button      ?  list the keys\n"
	"  Ctrl-] once more sends Ctrl-] to the guest\n"
	"\n"
	"signals: SIGTERM or SIGINT press the power button, a second one ends the VM at once;\n"
	"SIGHUP tells the guest of disks that have grown\n"
	"\n"
	"exit status\n"
	"    0  the guest powered off or rebooted\n"
	"  123  the guest's kernel panicked\n"
	"  125  mote could not do what was asked; one line on stderr says why\n"
	"  130  the VM was ended from outside: Ctrl-] q, or a signal\n"
	"\n"
	"examples\n"
	"  a Debian on a logical volume, with two CPUs:\n"
	"    mote run --kernel /vmlinuz --initrd /initrd.img --append 'root=/dev/vda' \\\n"
	"             --disk /dev/vg0/web --cpus 2 --memory 2G\n"
	"  the same kernel, a read-only root and a disk for data:\n"
	"    mote run --kernel /vmlinuz --initrd /initrd.img --append 'root=/dev/vda ro' \\\n"
	"             --disk base.img,ro --disk /dev/vg0/data,serial=data\n"
	"  try something on a copy of a volume that vanishes afterwards:\n"
	"    mote run --kernel /vmlinuz --initrd /initrd.img --append 'root=/dev/vda' \\\n"
	"             --disk lvm:vg0/web,snapshot\n";

static const char doctor_text[] =
	"usage: mote doctor [--remove-leftovers]\n"
	"\n"
	"Looks at /dev/kvm, at what KVM can do, whether guest kernels run natively, io_uring,\n"
	"libaio, tun, userfaultfd, huge pages, LVM's tools, snapshots that killed VMs left, and\n"
	"memory. Each line is\n"
	"\n"
	"  ok        nothing to do\n"
	"  degraded  VMs run, but slower or without a feature\n"
	"  missing   no VM can run\n"
	"\n"
	"and the line below it says what to do.\n"
	"\n"
	"  --remove-leftovers   look for nothing but those snapshots, and remove them\n"
	"\n"
	"exit status: 0 if VMs can run (degraded or not), 125 if not; with --remove-leftovers\n"
	"0 if nothing is left.\n";

static const char help_text[] = "usage: mote help [run|doctor]\n"
				"\n"
				"The manual pages mote(1), mote-run(1) and mote-doctor(1) say more.\n";

static const struct {
	const char *name;
	const char *text;
} topics[] = {
	{ "mote", overview },
	{ "run", run_text },
	{ "doctor", doctor_text },
	{ "help", help_text },
};

bool help_print(const char *topic)
{
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
		if (strcmp(topic, topics[i].name) == 0)
			return fputs(topics[i].text, stdout) >= 0 && fflush(stdout) == 0;
	}
	return false;
}
