/* From the boot protocol's entry to C in ring 3.
 *
 * Some hosts' KVM emulates ring-0 code instruction by instruction, and slowly, while ring 3 always runs natively. So
 * ring 0 does only what needs it: it loads the static page tables (user pages throughout), the GDT and a TSS whose I/O
 * bitmap of zeros lets ring 3 use every port, and drops to ring 3. */
#include "test/guest/layout.h"

#define CR0_PE_PG 0x80000001
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100

#ifndef GUEST_WITHOUT_PVH
	.section .note.pvh, "a", @note
	.long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long pvh_start
#endif

/* --- PVH: 32-bit protected mode, ebx = hvm_start_info --- */
	.text
	.code32
pvh_start:
	mov %ebx, %edi
	xor %ebp, %ebp /* BOOT_INFO_PVH */
	cld
	lgdt gdt_pointer
	mov %cr4, %eax
	or $CR4_PAE, %eax
	mov %eax, %cr4
	mov $page_table_root, %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_LME, %eax
	wrmsr
	mov %cr0, %eax
	or $CR0_PE_PG, %eax
	mov %eax, %cr0
	ljmp $KERNEL_CODE, $long_mode

/* --- Linux's 64-bit entry, which is also the ELF's: long mode, rsi = boot_params --- */
	.code64
	.globl start
start:
	cli
	cld
	mov %rsi, %rdi
	mov $1, %ebp /* BOOT_INFO_LINUX */
	lgdt gdt_pointer
	mov $page_table_root, %eax
	mov %rax, %cr3
	mov $boot_stack_end, %esp
	push $KERNEL_CODE
	push $long_mode
	lretq

long_mode:
	mov $KERNEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	mov $boot_stack_end, %esp
	mov %edi, boot_info_address
	mov %ebp, boot_info_protocol

	/* CPU 0's TSS: its ring-0 stack, its I/O bitmap, and its descriptor. */
	movq $ring0_stacks + RING0_STACK_BYTES, cpu_tss + TSS_RSP0
	movw $TSS_IO_BITMAP, cpu_tss + TSS_IO_BITMAP_OFFSET
	movb $0xff, cpu_tss + TSS_LAST_BYTE
	mov $cpu_tss, %eax
	mov %ax, gdt + TSS_SELECTOR + 2
	shr $16, %eax
	mov %al, gdt + TSS_SELECTOR + 4
	mov %ah, gdt + TSS_SELECTOR + 7
	mov $TSS_SELECTOR, %eax
	ltr %ax
	lidt idt_pointer

	push $USER_DATA
	push $user_stacks + USER_STACK_BYTES
	push $2 /* RFLAGS: interrupts off until the IDT is filled */
	push $USER_CODE
	push $user_entry
	iretq

user_entry:
	xor %ebp, %ebp
	call guest_main
1:	jmp 1b

/* --- Application processors: SIPI vector AP_TRAMPOLINE >> 12, real mode --- */
	.section .rodata
	.globl ap_trampoline, ap_trampoline_end
	.code16
ap_trampoline:
	cli
	lgdtl %cs:(ap_gdt_pointer - ap_trampoline)
	mov %cr4, %eax
	or $CR4_PAE, %eax
	mov %eax, %cr4
	mov $page_table_root, %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_LME, %eax
	wrmsr
	mov %cr0, %eax
	or $CR0_PE_PG, %eax
	mov %eax, %cr0
	ljmpl $KERNEL_CODE, $ap_long_mode
	.balign 8
ap_gdt_pointer:
	.word gdt_end - gdt - 1
	.long gdt
ap_trampoline_end:

/* Processors come up one at a time, each taking the next index, whose TSS and descriptor the first one has filled. */
	.text
	.code64
ap_long_mode:
	mov $KERNEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov smp_next_cpu, %edi
	mov %edi, %eax
	shl $4, %eax
	add $TSS_SELECTOR, %eax
	ltr %ax
	lidt idt_pointer
	mov %edi, %eax
	imul $RING0_STACK_BYTES, %eax, %eax
	lea ring0_stacks + RING0_STACK_BYTES(%rax), %rsp
	mov %edi, %eax
	imul $USER_STACK_BYTES, %eax, %eax
	add $user_stacks + USER_STACK_BYTES, %eax
	push $USER_DATA
	push %rax
	push $2
	push $USER_CODE
	push $ap_user_entry
	iretq

ap_user_entry:
	xor %ebp, %ebp
	call smp_ap_main /* edi = index */
1:	jmp 1b

/* --- Static tables --- */
	.data
	.balign 8
	.globl gdt
gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* KERNEL_CODE */
	.quad 0x00cf93000000ffff /* KERNEL_DATA */
	.quad 0x00cff3000000ffff /* USER_DATA */
	.quad 0x00affb000000ffff /* USER_CODE */
	.rept GUEST_MAX_CPUS
	.quad 0x0000890000000000 | (TSS_LAST_BYTE & 0xffff) /* bases are filled in at run time */
	.quad 0
	.endr
gdt_end:
	.word 0, 0, 0
gdt_pointer:
	.word gdt_end - gdt - 1
	.quad gdt
	.word 0, 0, 0
idt_pointer:
	.word 256 * 16 - 1
	.quad idt

/* The first 4 GiB, identity-mapped in 2 MiB pages: present, writable, user. */
#define TABLE_FLAGS 0x07
#define LARGE_FLAGS 0xe7 /* and accessed, dirty, large */
	.balign 4096
	.globl page_table_root, page_table_gib
page_table_root:
	.quad page_table_gib + TABLE_FLAGS
	.fill 511, 8, 0
page_table_gib:
	.quad page_table_2m + TABLE_FLAGS
	.quad page_table_2m + 0x1000 + TABLE_FLAGS
	.quad page_table_2m + 0x2000 + TABLE_FLAGS
	.quad page_table_2m + 0x3000 + TABLE_FLAGS
	.fill 508, 8, 0
page_table_2m:
	.set page, 0
	.rept 2048
	.quad page * 0x200000 + LARGE_FLAGS
	.set page, page + 1
	.endr

	.bss
	.balign 4096
	.globl cpu_tss, ring0_stacks, idt
idt:
	.skip 256 * 16
boot_stack:
	.skip 1024
boot_stack_end:
ring0_stacks:
	.skip GUEST_MAX_CPUS * RING0_STACK_BYTES
user_stacks:
	.skip GUEST_MAX_CPUS * USER_STACK_BYTES
cpu_tss:
	.skip GUEST_MAX_CPUS * TSS_BYTES

	.globl boot_info_address, boot_info_protocol, smp_next_cpu
	.balign 8
boot_info_address:
	.long 0
boot_info_protocol:
	.long 0
smp_next_cpu:
	.long 0

	.section .note.GNU-stack, "", @progbits
