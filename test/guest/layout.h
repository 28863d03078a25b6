/* Numbers that the assembly and the C of the guest share: selectors, the TSS, per-processor areas. */
#ifndef TEST_GUEST_LAYOUT_H
#define TEST_GUEST_LAYOUT_H

#define GUEST_MAX_CPUS 64

#define KERNEL_CODE 0x08
#define KERNEL_DATA 0x10
#define USER_DATA 0x1b
#define USER_CODE 0x23
#define TSS_SELECTOR 0x28 /* CPU n's descriptor is 16 * n further */

/* Intel SDM volume 3, 8.7: the 64-bit TSS, then 64 Ki bits of I/O permission and a byte of ones. */
#define TSS_RSP0 4
#define TSS_IO_BITMAP_OFFSET 102
#define TSS_IO_BITMAP 104
#define TSS_LAST_BYTE (TSS_IO_BITMAP + 8192)
#define TSS_BYTES (TSS_LAST_BYTE + 8)

#define RING0_STACK_BYTES 8192
#define USER_STACK_BYTES 32768

#define RING0_CALL_MAGIC 0x6d6f7465 /* in rax at a ud2: not a mistake but a call */

#define AP_TRAMPOLINE 0x9e000 /* a page below 1 MiB, where the SIPI starts processors */

#endif
