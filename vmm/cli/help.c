#include "vmm/cli/help.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char overview[] = "mote starts virtual machines: one process each, on Linux KVM.\n"
			       "\n"
			       "usage: mote run --disk PATH [option]...\n"
			       "       mote run --kernel FILE [--disk PATH]... [option]...\n"
			       "       mote inspect PATH\n"
			       "       mote doctor [--remove-leftovers]\n"
			       "       mote help [run|inspect|doctor]\n"
			       "       mote --version\n"
			       "\n"
			       "  run      start a VM; its console is this terminal, and mote ends when it powers off\n"
			       "  inspect  tell what a disk would boot\n"
			       "  doctor   tell what this host can do for mote, and what to do about the rest\n"
			       "  help     explain a command\n"
			       "\n"
			       "Try: mote run --disk debian.img --memory 1G\n"
			       "  or: mote run --kernel /vmlinuz --initrd /initrd.img \\\n"
			       "              --disk debian.img --append 'root=/dev/vda rw'\n";

static const char run_text[] =
	"usage: mote run --disk PATH [option]...\n"
	"       mote run --kernel FILE [option]...\n"
	"\n"
	"Starts a virtual machine in the foreground. Its console is stdin and stdout; mote's own\n"
	"words go to stderr. Ends when the guest powers off or reboots.\n"
	"\n"
	"what to start\n"
	"  By default what the disk itself boots: its GRUB, systemd-boot or extlinux configuration\n"
	"  is read inside the VM, and the kernel and initrd that it names are started.\n"
	"  --boot-entry WHICH another entry than its default: a number from 0, an id or a title\n"
	"  --boot-menu        choose an entry on the console\n"
	"  --kernel FILE      a Linux kernel of the host's: a bzImage (/boot/vmlinuz-*) or an ELF\n"
	"  --initrd FILE      initial RAM disk, with --kernel\n"
	"  --append TEXT      kernel command line, or more of it, if it is the disk's kernel; the\n"
	"                     console is added if there is none\n"
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
	"  --net KIND[,OPTION]...\n"
	"                     a network interface, up to 8 times: the first is the guest's first\n"
	"      user           the guest reaches what you reach, with DHCP and DNS; needs passt, no root\n"
	"      nat            the same for root: a network of its own behind this host's addresses\n"
	"      bridge=NAME    a port of the host's bridge NAME\n"
	"      tap=NAME       the host's tap NAME; tap=fd:N for a descriptor of one\n"
	"      macvtap=NAME   a station of its own on the host's interface NAME\n"
	"      forward=[tcp:|udp:][ADDRESS:]PORT:PORT   user and nat: a port of the host leads to\n"
	"                     one of the guest; repeatable\n"
	"      mac=ADDRESS    by default made of the VM's name: the same at each start\n"
	"      mtu=N          by default that of the host's interface\n"
	"      queues=N       pairs, 1 to 16, each with a thread (1)\n"
	"      vhost=on|off   the host's kernel moves the packets (off)\n"
	"      bandwidth-in=RATE[:BURST]    limits in bytes a second: to the guest,\n"
	"      bandwidth-out=RATE[:BURST]   from it,\n"
	"      packets-in=RATE[:BURST]      and in packets a second\n"
	"      packets-out=RATE[:BURST]\n"
	"  --console KIND     serial (ttyS0), hvc (hvc0, virtio) or none (serial)\n"
	"  --name NAME        for messages, for ps(1), and what MAC addresses are made of\n"
	"                     (mote-PID)\n"
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
	"  what is installed on a logical volume, with two CPUs:\n"
	"    mote run --disk lvm:vg0/web --cpus 2 --memory 2G\n"
	"  a Debian on a logical volume, with this host's kernel:\n"
	"    mote run --kernel /vmlinuz --initrd /initrd.img --append 'root=/dev/vda' \\\n"
	"             --disk lvm:vg0/web\n"
	"  the same kernel, a read-only root and a disk for data:\n"
	"    mote run --kernel /vmlinuz --initrd /initrd.img --append 'root=/dev/vda ro' \\\n"
	"             --disk base.img,ro --disk /dev/vg0/data,serial=data\n"
	"  try something on a copy of a volume that vanishes afterwards:\n"
	"    mote run --disk lvm:vg0/web,snapshot\n"
	"  a web server that this host shows on port 8080, started by anybody:\n"
	"    mote run --disk web.img --net user,forward=8080:80\n";

static const char inspect_text[] =
	"usage: mote inspect [option]... PATH[,OPTION]...\n"
	"\n"
	"Tells what 'mote run --disk PATH' would boot: partitions, volumes, file systems, the\n"
	"boot loader's configuration, its entries, and of the one that would be started the\n"
	"kernel, the initrds and the command line. Nothing is written to the disk, and nothing\n"
	"of it runs. PATH and its options are those of 'mote run --disk'.\n"
	"\n"
	"  --boot-entry WHICH look at this entry: a number from 0, an id or a title\n"
	"  --append TEXT      as for 'mote run'\n"
	"  --verbose          say each step\n"
	"  --help\n"
	"\n"
	"exit status: 0 if there is something to boot, 125 if not; stderr says what is missing.\n";

static const char doctor_text[] =
	"usage: mote doctor [--remove-leftovers]\n"
	"\n"
	"Looks at /dev/kvm, at what KVM can do, whether guest kernels run natively, io_uring,\n"
	"libaio, tun, passt, nft and dnsmasq, vhost-net, userfaultfd, huge pages, LVM's tools, what\n"
	"killed VMs left, and memory. Each line is\n"
	"\n"
	"  ok        nothing to do\n"
	"  degraded  VMs run, but slower or without a feature\n"
	"  missing   no VM can run\n"
	"\n"
	"and the line below it says what to do.\n"
	"\n"
	"  --remove-leftovers   look for nothing but what killed VMs left, and remove it\n"
	"\n"
	"exit status: 0 if VMs can run (degraded or not), 125 if not; with --remove-leftovers\n"
	"0 if nothing is left.\n";

static const char help_text[] = "usage: mote help [run|inspect|doctor]\n"
				"\n"
				"The manual pages mote(1), mote-run(1), mote-inspect(1) and mote-doctor(1) say\n"
				"more.\n";

static const struct {
	const char *name;
	const char *text;
} topics[] = {
	{ "mote", overview },	   { "run", run_text },	  { "inspect", inspect_text },
	{ "doctor", doctor_text }, { "help", help_text },
};

bool help_print(const char *topic)
{
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
		if (strcmp(topic, topics[i].name) == 0)
			return fputs(topics[i].text, stdout) >= 0 && fflush(stdout) == 0;
	}
	return false;
}
