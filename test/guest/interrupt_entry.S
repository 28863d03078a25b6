/* What the IDT points at. Exceptions and ring-0 calls go to C; device vectors only count, since each instruction here
 * may be emulated by the host. */
#include "test/guest/layout.h"

#define LAPIC_EOI 0xfee000b0

	.text
	.code64

	/* Vectors 0 to 31, 16 bytes each. The processor pushes an error code for some. */
	.balign 16
	.globl exception_entries
exception_entries:
	.set vector, 0
	.rept 32
	.balign 16
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	push $0
	.endif
	push $vector
	jmp exception_common
	.set vector, vector + 1
	.endr

exception_common:
	push %rax
	push %rcx
	push %rdx
	push %rbx
	push %rbp
	push %rsi
	push %rdi
	push %r8
	push %r9
	push %r10
	push %r11
	push %r12
	push %r13
	push %r14
	push %r15
	cld
	mov %rsp, %rdi
	mov %rsp, %rbp
	and $-16, %rsp
	call exception_handle
	mov %rbp, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rdi
	pop %rsi
	pop %rbp
	pop %rbx
	pop %rdx
	pop %rcx
	pop %rax
	add $16, %rsp
	iretq

	/* Invalid opcode. ring0_call() executes one on purpose, with a magic number in rax, a function in rdi and its
	 * argument in rsi: some hosts deliver software interrupts from ring 3 wrongly, but this exception all do.
	 * The frame has five words: one more aligns the stack. */
	.globl invalid_opcode_entry
invalid_opcode_entry:
	cmp $RING0_CALL_MAGIC, %rax
	jne exception_entries + 6 * 16
	addq $2, (%rsp) /* past the ud2 */
	mov %rdi, %rax
	mov %rsi, %rdi
	lea 16(%rsp), %rsi
	sub $8, %rsp
	call *%rax
	add $8, %rsp
	iretq

	/* Vectors 32 to 255, 32 bytes each: count, end of interrupt, return. */
	.balign 32
	.globl device_entries
device_entries:
	.set vector, 32
	.rept 224
	.balign 32
	push %rax
	incl interrupt_counts + 4 * vector
	mov $LAPIC_EOI, %eax
	movl $0, (%rax)
	pop %rax
	iretq
	.set vector, vector + 1
	.endr

	.section .note.GNU-stack, "", @progbits
