/* What the VMM and the loader inside the guest say to each other.
 *
 * Theory of operation. With a disk and no kernel the VMM puts the loader, a flat binary, at LOADER_BASE and starts the
 * first vCPU in it. The loader reads the disks through their virtio devices, as any guest does, and finds what the
 * distribution would boot. It has one call to the VMM: it fills a struct loader_call in its memory and writes its
 * guest-physical address, a 32-bit store, to the doorbell. The VMM has done the call when the store completes, and the
 * result is in the structure. A kernel is handed over by two calls: LOADER_KERNEL, with which the VMM takes its bytes
 * over, and LOADER_START, the last of a boot, which does not return: the vCPU goes on in the kernel. The first takes a
 * while, so it is best made while a disk is busy with the initrd.
 *
 * All that the loader says comes from the guest, is hostile, and may contradict itself. The VMM reads each structure
 * once, holds ranges against guest memory, and unpacks in a process that can do nothing else.
 *
 * Entry state: as in Linux's 64-bit boot protocol (long mode, flat segments, interrupts off, rsi = address of struct
 * loader_info), at LOADER_BASE, with one addition: the page tables, which map the first 4 GiB to themselves, writable,
 * allow user mode at every level, since the loader runs in ring 3. It takes no interrupt and no exception; an exception
 * is a triple fault, which the VMM reports as a loader that failed.
 *
 * Numbers are little-endian, as the processors on both sides are. Addresses are guest-physical and below 4 GiB. */
#ifndef FIRMWARE_ABI_LOADER_H
#define FIRMWARE_ABI_LOADER_H

#include <stddef.h>
#include <stdint.h>

#define LOADER_MAGIC UINT32_C(0x4c544f4d) /* "MOTL" */
#define LOADER_VERSION 2 /* of this header: both sides are built together, and a mismatch is a build's mistake */

/* The loader's image starts here, its first byte is its entry; code, data, bss and stack end below LOADER_END. The VMM
 * copies the flat binary and leaves the rest of the range zero. */
#define LOADER_BASE UINT32_C(0x20000)
#define LOADER_END UINT32_C(0x9f000)
#define LOADER_MAX_BYTES UINT32_C(0x18000) /* of the flat binary; in the VMM it is smaller (firmware/abi/image.h) */

enum loader_flag {
	LOADER_INSPECT = 1 << 0, /* report with LOADER_TO_REPORT what would be started, then LOADER_DONE */
	LOADER_MENU = 1 << 1, /* show the menu without being asked by a key */
	LOADER_VERBOSE = 1 << 2, /* say each step, not only when something is missing */
	LOADER_HAS_CONSOLE = 1 << 3, /* LOADER_KEY and LOADER_TO_CONSOLE reach a user */
};

/* What the loader finds at rsi; it copies it before its first call. */
struct loader_info {
	uint32_t magic; /* LOADER_MAGIC */
	uint32_t version; /* LOADER_VERSION */
	uint32_t flags; /* enum loader_flag */
	uint32_t doorbell; /* 4 bytes of MMIO, to which addresses of struct loader_call are written */
	/* RAM for what the loader remembers, zero; and RAM for the kernel's and the initrd's bytes. Page-aligned, at
	 * or above 1 MiB, apart from each other. The initrd goes to
	 * the end of the second range, where the VMM may leave it. */
	uint32_t arena;
	uint32_t arena_bytes;
	uint32_t files;
	uint32_t files_bytes;
	/* PCI configuration space: ECAM of bus 0 to nr_buses - 1. The slots are filled from the first on: an empty one
	 * is the end. BARs have their addresses. */
	uint32_t ecam;
	uint32_t nr_buses;
	uint32_t tsc_khz; /* the loader's clock; 0: unknown */
	/* Strings without a NUL; 0 bytes: none. */
	uint32_t entry; /* the boot entry that the user chose: number, id, title or "SUBMENU>TITLE" */
	uint32_t entry_bytes;
	uint32_t append; /* added to the kernel's arguments, after a space */
	uint32_t append_bytes;
	uint32_t reserved[5];
};

/* Whom LOADER_SAY is for. */
enum loader_to {
	LOADER_TO_LOG, /* the VMM's messages: one line, without a newline, printable ASCII */
	LOADER_TO_CONSOLE, /* the guest's console: the menu; bytes as they are, with CR LF */
	LOADER_TO_REPORT, /* what `mote inspect` prints: text with newlines, printable ASCII */
};

/* How LOADER_UNPACK's bytes are compressed. */
enum loader_codec {
	LOADER_ZLIB = 1, /* RFC 1950 */
	LOADER_ZSTD, /* one or more frames; of the last, all that is needed to fill `to` */
	LOADER_XZ, /* .xz */
	LOADER_GZIP, /* RFC 1952 */
	LOADER_LZMA, /* .lzma, "alone" */
	LOADER_LZ4_LEGACY, /* as Linux's initrds are */
};

enum loader_code {
	LOADER_SAY = 1,
	LOADER_KEY,
	LOADER_UNPACK,
	LOADER_KERNEL,
	LOADER_START,
	LOADER_FAIL,
	LOADER_DONE,
};

/* Results of a call; more than 0 where the call says so. */
enum loader_status {
	LOADER_OK = 0,
	LOADER_EINVAL = -1, /* a range that is not memory, a number without meaning */
	LOADER_ENOTSUP = -2, /* a codec that the VMM was built without */
	LOADER_ECORRUPT = -3, /* the bytes are no such stream, or no kernel that can start here */
	LOADER_ETOOBIG = -4, /* does not fit where it should go */
	LOADER_EIO = -5, /* the host failed */
};

#define LOADER_TEXT_MAX 4096 /* bytes of one LOADER_SAY or LOADER_FAIL */
#define LOADER_COMMAND_LINE_MAX 0x7f00 /* bytes of LOADER_START's */
#define LOADER_UNPACK_MAX (UINT32_C(64) << 20) /* bytes of `from` and of `to` */
#define LOADER_FOREVER UINT32_MAX /* of timeout_ms */
#define LOADER_NO_KEY (-256)

/* In memory of the loader's own, 8-byte aligned. */
struct loader_call {
	uint32_t code; /* enum loader_code */
	int32_t result; /* written by the VMM: enum loader_status, or as said below */
	union {
		/* LOADER_SAY. LOADER_FAIL: the VM ends, this is why: one or more lines, printable ASCII. */
		struct {
			uint32_t to; /* enum loader_to; not for LOADER_FAIL */
			uint32_t text;
			uint32_t text_bytes;
		} say;
		/* LOADER_KEY: result is the next byte from the console's input, or LOADER_NO_KEY after the time has
		 * passed; 0 ms never waits. Arrow keys arrive as the terminal's escape sequences. */
		struct {
			uint32_t timeout_ms;
		} key;
		/* LOADER_UNPACK: result is how many bytes were written to `to`. A stream that would fill more is not
		 * an error with `may_be_cut`: unpacking stops when `to` is full, or when `from` ends. */
		struct {
			uint32_t codec; /* enum loader_codec */
			uint32_t from;
			uint32_t from_bytes;
			uint32_t to;
			uint32_t to_bytes;
			uint32_t may_be_cut;
		} unpack;
		/* LOADER_KERNEL: the VMM takes this kernel over, in place of one that it took before; having returned,
		 * it looks at these bytes no more. An error: it can't, and has logged why. */
		struct {
			uint32_t kernel; /* the file as it lies on the disk: bzImage, ELF */
			uint32_t kernel_bytes;
			uint32_t name; /* for messages: "/boot/vmlinuz-6.1.0-49-amd64 on vda1" */
			uint32_t name_bytes;
		} kernel;
		/* LOADER_START: the vCPU goes on in the kernel that was taken over. Returns only when the VMM can't
		 * start it, having logged why, with the loader's memory as it was. The VMM adds to the command line
		 * what it adds with a kernel of the user's own, such as the console. */
		struct {
			uint32_t initrd; /* all initrds, each at a multiple of 4 from the start; page-aligned */
			uint32_t initrd_bytes; /* 0: none */
			uint32_t command_line;
			uint32_t command_line_bytes;
		} start;
		/* LOADER_DONE: the VM ends well, having reported. */
		uint32_t words[10];
	};
};

_Static_assert(sizeof(struct loader_info) == 80, "agreed with the VMM");
_Static_assert(offsetof(struct loader_info, tsc_khz) == 40, "agreed with the VMM");
_Static_assert(offsetof(struct loader_info, append_bytes) == 56, "agreed with the VMM");
_Static_assert(sizeof(struct loader_call) == 48, "agreed with the VMM");
_Static_assert(offsetof(struct loader_call, unpack.may_be_cut) == 28, "agreed with the VMM");
_Static_assert(offsetof(struct loader_call, kernel.name_bytes) == 20, "agreed with the VMM");
_Static_assert(offsetof(struct loader_call, start.command_line_bytes) == 20, "agreed with the VMM");

#endif
