/* From the VMM to C in ring 3 (the entry state is in firmware/abi/loader.h).
 *
 * Ring 3, because some hosts' KVM emulates ring-0 code instruction by instruction, and slowly, while ring 3 always runs
 * natively; the loader needs nothing of ring 0. There is no TSS, since nothing ever comes back to ring 0: an exception
 * finds no handler and ends the VM. */
#define USER_DATA 0x0b
#define USER_CODE 0x13
#define STACK_BYTES 0x20000

	.section .text.start, "ax"
	.code64
	.globl start
start:
	cld
	lgdt gdt_pointer
	mov $stack_end, %esp
	mov $USER_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	push $USER_DATA
	push $stack_end
	push $2 /* RFLAGS: interrupts off */
	push $USER_CODE
	push $user_entry
	iretq

user_entry:
	xor %ebp, %ebp
	mov %rsi, %rdi
	call loader_main
	ud2

	.section .rodata
	.balign 8
gdt:
	.quad 0
	.quad 0x00cff3000000ffff /* USER_DATA: present, ring 3, read/write, accessed, flat */
	.quad 0x00affb000000ffff /* USER_CODE: present, ring 3, execute/read, accessed, 64-bit */
gdt_pointer:
	.word gdt_pointer - gdt - 1
	.quad gdt

	.bss
	.balign 16
	.skip STACK_BYTES
stack_end:

	.section .note.GNU-stack, "", @progbits
