/* Structures that Linux on x86 defines for its boot loaders (Linux boot protocol 2.15; "zero page"). Offsets in
 * comments are those of that document. */
#ifndef VMM_BOOT_LINUX_ABI_H
#define VMM_BOOT_LINUX_ABI_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/base/endian.h"

#define LINUX_BOOT_FLAG 0xaa55
#define LINUX_HEADER_MAGIC 0x53726448 /* "HdrS" */
#define LINUX_SETUP_OFFSET 0x1f1 /* of the setup header, in the file and in boot_params */
#define LINUX_SETUP_END_MAX 0x290 /* where boot_params has its next field */

#define LINUX_LOADFLAG_LOADED_HIGH 0x01
#define LINUX_LOADFLAG_KASLR 0x02 /* the loader randomised the kernel's addresses */

#define LINUX_XLF_KERNEL_64 0x01 /* has a 64-bit entry 0x200 bytes into the protected-mode kernel */
#define LINUX_ENTRY64_OFFSET 0x200

#define LINUX_LOADER_UNREGISTERED 0xff

struct linux_setup_header {
	uint8_t setup_sects;
	le16 root_flags;
	le32 syssize; /* protected-mode kernel, in units of 16 bytes */
	le16 ram_size;
	le16 vid_mode;
	le16 root_dev;
	le16 boot_flag;
	le16 jump; /* its second byte is the header's end, counted from 0x202 */
	le32 header;
	le16 version;
	le32 realmode_swtch;
	le16 start_sys_seg;
	le16 kernel_version;
	uint8_t type_of_loader;
	uint8_t loadflags;
	le16 setup_move_size;
	le32 code32_start;
	le32 ramdisk_image;
	le32 ramdisk_size;
	le32 bootsect_kludge;
	le16 heap_end_ptr;
	uint8_t ext_loader_ver;
	uint8_t ext_loader_type;
	le32 cmd_line_ptr;
	le32 initrd_addr_max;
	le32 kernel_alignment;
	uint8_t relocatable_kernel;
	uint8_t min_alignment;
	le16 xloadflags;
	le32 cmdline_size;
	le32 hardware_subarch;
	le64 hardware_subarch_data;
	le32 payload_offset;
	le32 payload_length;
	le64 setup_data;
	le64 pref_address;
	le32 init_size;
	le32 handover_offset;
	le32 kernel_info_offset;
} __attribute__((packed));

#define LINUX_SETUP_FIELD(name) (LINUX_SETUP_OFFSET + offsetof(struct linux_setup_header, name))
_Static_assert(LINUX_SETUP_FIELD(header) == 0x202, "boot protocol");
_Static_assert(LINUX_SETUP_FIELD(loadflags) == 0x211, "boot protocol");
_Static_assert(LINUX_SETUP_FIELD(xloadflags) == 0x236, "boot protocol");
_Static_assert(LINUX_SETUP_FIELD(payload_offset) == 0x248, "boot protocol");
_Static_assert(LINUX_SETUP_FIELD(kernel_info_offset) == 0x268, "boot protocol");
_Static_assert(LINUX_SETUP_OFFSET + sizeof(struct linux_setup_header) == 0x26c, "boot protocol 2.15");

struct linux_e820_entry {
	le64 addr;
	le64 size;
	le32 type;
} __attribute__((packed));

#define LINUX_E820_ENTRIES 128

struct linux_boot_params {
	uint8_t screen_info[0x40];
	uint8_t pad_040[0x30];
	le64 acpi_rsdp_addr; /* 0x070 */
	uint8_t pad_078[0x48];
	le32 ext_ramdisk_image; /* 0x0c0 */
	le32 ext_ramdisk_size;
	le32 ext_cmd_line_ptr;
	uint8_t pad_0cc[0x11c];
	uint8_t e820_entries; /* 0x1e8 */
	uint8_t pad_1e9[6];
	uint8_t sentinel; /* 0x1ef: zero says that the loader cleared what it did not fill in */
	uint8_t pad_1f0;
	struct linux_setup_header hdr; /* 0x1f1 */
	uint8_t pad_hdr[LINUX_SETUP_END_MAX - 0x26c];
	uint8_t pad_290[0x40];
	struct linux_e820_entry e820_table[LINUX_E820_ENTRIES]; /* 0x2d0 */
	uint8_t pad_cd0[0x330];
} __attribute__((packed));

_Static_assert(offsetof(struct linux_boot_params, acpi_rsdp_addr) == 0x070, "zero page");
_Static_assert(offsetof(struct linux_boot_params, ext_ramdisk_image) == 0x0c0, "zero page");
_Static_assert(offsetof(struct linux_boot_params, e820_entries) == 0x1e8, "zero page");
_Static_assert(offsetof(struct linux_boot_params, hdr) == LINUX_SETUP_OFFSET, "zero page");
_Static_assert(offsetof(struct linux_boot_params, e820_table) == 0x2d0, "zero page");
_Static_assert(sizeof(struct linux_boot_params) == 4096, "zero page");

/* A link in the list that starts at hdr.setup_data; `len` bytes of data follow it. */
struct linux_setup_data {
	le64 next;
	le32 type;
	le32 len;
};

#define LINUX_SETUP_RNG_SEED 9

_Static_assert(sizeof(struct linux_setup_data) == 16, "boot protocol");

#endif
