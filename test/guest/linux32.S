/* A bzImage without a 64-bit entry. Its kernel finds out whether it was entered as the Linux boot protocol 2.15, "32-bit
 * boot protocol", promises, says so on the serial port, with its command line, and resets the machine. */
#define LINK_BASE 0x1000000
#define SERIAL 0x3f8
#define BOOT_CS 0x10
#define BOOT_DS 0x18
#define PARAMS_MAGIC 0x202
#define PARAMS_COMMAND_LINE 0x228

	.section .text, "ax"
	.code32
	/* The setup header, of which two sectors are loaded nowhere. */
	.org 0x1f1
	.byte 1 /* setup_sects */
	.word 0
	.long (kernel_end - kernel) / 16 /* syssize */
	.org 0x1fe
	.word 0xaa55
	.byte 0xeb, 0x6a /* to the end of the header */
	.ascii "HdrS"
	.word 0x20f
	.org 0x211
	.byte 1 /* loadflags: loaded high */
	.org 0x22c
	.long 0x37ffffff /* initrd_addr_max */
	.long 0x200000 /* kernel_alignment */
	.byte 1, 21 /* relocatable, min_alignment */
	.word 0 /* xloadflags: no 64-bit entry */
	.long 2047 /* cmdline_size */
	.org 0x258
	.quad LINK_BASE /* pref_address */
	.long 0x100000 /* init_size */

	.org 1024
kernel:
	mov %esi, %ebp
	mov $SERIAL, %edx
	cmpl $0x53726448, PARAMS_MAGIC(%esi)
	jne wrong
	mov %cs, %ax
	cmp $BOOT_CS, %ax
	jne wrong
	mov %ds, %ax
	cmp $BOOT_DS, %ax
	jne wrong
	mov %cr0, %eax
	and $0x80000001, %eax
	cmp $1, %eax /* protected mode, no paging */
	jne wrong
	/* The descriptors in the GDT are those that are in use. */
	mov $BOOT_DS, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $LINK_BASE + 0x8000, %esp
	push $BOOT_CS
	push $LINK_BASE + right - kernel
	lret

right:
	mov $LINK_BASE + hello - kernel, %esi
	call say
	mov PARAMS_COMMAND_LINE(%ebp), %esi
	call say
	jmp reset
wrong:
	mov $'?', %al
	out %al, %dx
reset:
	mov $0xfe, %al
	out %al, $0x64
	jmp reset

say:
	lodsb
	test %al, %al
	jz said
	out %al, %dx
	jmp say
said:
	ret

hello:
	.asciz "entered in 32-bit mode: "
	.balign 4096
kernel_end:
	.section .note.GNU-stack, "", @progbits
