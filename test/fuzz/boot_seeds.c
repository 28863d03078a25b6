/* Writes the seeds of fuzz-boot_kernel into a directory: one of each kind of kernel. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "test/unit/boot_support.h"
#include "vmm/base/fd.h"

static void write_seed(const char *dir, const char *name, int number, struct bytes seed)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s-%d", dir, name, number);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || fd_pwrite_full(fd, seed.data, seed.len, 0)) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	fd_close(&fd);
	bytes_free(&seed);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return EXIT_FAILURE;
	}
	for (int packing = 0; packing < NR_PACKINGS; packing++)
		write_seed(argv[1], "bzimage", packing, test_kernel((enum test_packing)packing));
	for (int notes = NOTES_NONE; notes <= NOTES_LINUX_PVH; notes++) {
		struct bytes vmlinux = test_vmlinux((enum test_notes)notes);

		if (notes % 2)
			test_add_relocs(&vmlinux, notes == NOTES_LINUX);
		write_seed(argv[1], "vmlinux", notes, vmlinux);
	}
	return EXIT_SUCCESS;
}
