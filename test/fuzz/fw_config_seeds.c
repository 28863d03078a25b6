/* Writes the seeds of fuzz-fw_config into a directory: files as the distributions have them, joined as the fuzz target
 * takes them apart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/firmware_grub_configs.h"

#define NEXT "\xff"
#define KERNEL "linux /boot/vmlinuz-6.1 root=/dev/vda2 ro quiet\n initrd /boot/initrd.img-6.1\n"

#define DEFAULT "${saved_entry}"
static const char *const seeds[] = {
	DEBIAN NEXT "# GRUB Environment Block\nsaved_entry=1>0\n" NEXT DEBIAN_STUB,
	UBUNTU,
	SUSE,
	FEDORA NEXT
	"saved_entry=a\nkernelopts=root=/dev/vda2 ro\nboot_success=1\nblsdir=(hd0,1)/loader/entries\n" NEXT FEDORA_STUB
		NEXT FEDORA_BLS("6.1"),
	"default=1>0\nmenuentry a --id=b { " KERNEL
	"}\nsubmenu c { menuentry d { search --set=root --file /boot\n" KERNEL "} }\n",
	"for i in a 'b c' \"$x\"; do if [ $i = a -o ! -f /more ]; then continue; fi; set x=${i}$x; done\n"
	"while test $# -lt 3; do break; done\nfunction f { return $1; }\nf 1 || eval 'f 2'\nsource /more\n"
	"menuentry x$x { " KERNEL "}\n" NEXT NEXT NEXT NEXT NEXT NEXT NEXT "menuentry more { $1 " KERNEL "}\n",
	NEXT NEXT NEXT
	"title a\nversion 1.2~3-4^5\nsort-key k\nmachine-id m\nlinux /linux\ninitrd /linux\noptions $x ro\n" NEXT
	"linux /linux\narchitecture x64\n" NEXT "default b*\ntimeout 3\n",
	NEXT NEXT NEXT NEXT NEXT NEXT "DEFAULT b\nTIMEOUT 30\nAPPEND x\nINCLUDE /more\nLABEL a\nMENU LABEL ^A\n"
				      "KERNEL ../vmlinuz-6.1\nAPPEND initrd=../initrd.img-6.1,/x ro\n" NEXT
				      "LABEL b\nMENU DEFAULT\nLINUX /boot/vmlinuz-6.1\nINITRD /boot/initrd.img-6.1\n",
	"",
};

/* A unified kernel image whose sections are all the same few bytes behind the section table. */
static size_t make_image(char *out)
{
	static const char *const sections[] = { ".linux", ".initrd", ".cmdline", ".osrel" };
	static const char bytes[] = "ID=\"a\"\nPRETTY_NAME='b'\nVERSION_ID=1\n";
	size_t len = 64 + 24;

	memcpy(out, "MZ", 2);
	out[60] = 64;
	memcpy(out + 64, "PE\0\0\x64\x86\x04", 7);
	for (unsigned int i = 0; i < 4; i++, len += 40) {
		memcpy(out + len, sections[i], strlen(sections[i]));
		out[len + 16] = sizeof(bytes) - 1;
		out[len + 20] = (char)(64 + 24 + 4 * 40);
	}
	memcpy(out + len, bytes, sizeof(bytes) - 1);
	return len + sizeof(bytes) - 1;
}

static int write_seed(const char *directory, unsigned int number, const char *bytes, size_t len)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/config-%u", directory, number);
	file = fopen(path, "we");
	if (file == NULL || fwrite(bytes, 1, len, file) != len || fclose(file) != 0) {
		perror(path);
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static char image[1024] = NEXT NEXT NEXT NEXT NEXT NEXT NEXT NEXT;
	unsigned int nr = sizeof(seeds) / sizeof(seeds[0]);

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return EXIT_FAILURE;
	}
	for (unsigned int i = 0; i < nr; i++)
		if (write_seed(argv[1], i, seeds[i], strlen(seeds[i])) < 0)
			return EXIT_FAILURE;
	return write_seed(argv[1], nr, image, 8 + make_image(image + 8)) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
