/* The smallest guest: one byte to the serial port, then power off through ACPI's sleep control register. Its two
 * instructions' encodings mean the same in 32-bit and in 64-bit mode, so it serves every boot protocol. */
#define SERIAL_DATA 0x3f8
#define SLEEP_CONTROL 0x600
#define SLEEP_S5 0x34 /* SLP_TYP 5 in bits 2 to 4, SLP_EN */

	.section .note.pvh, "a", @note
	.long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long start

	.text
	.globl start
start:
	mov $SERIAL_DATA, %edx
	mov $'!', %al
	out %al, %dx
	mov $SLEEP_CONTROL, %edx
	mov $SLEEP_S5, %al
	out %al, %dx
1:	hlt
	jmp 1b

	.section .note.GNU-stack, "", @progbits
