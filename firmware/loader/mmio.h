/* Device registers: one access of the named width each, in program order. Addresses are below 4 GiB. */
#ifndef FIRMWARE_LOADER_MMIO_H
#define FIRMWARE_LOADER_MMIO_H

#include <stdint.h>

static inline uint8_t mmio_read8(uint32_t address)
{
	return *(volatile uint8_t *)(uintptr_t)address;
}

static inline uint16_t mmio_read16(uint32_t address)
{
	return *(volatile uint16_t *)(uintptr_t)address;
}

static inline uint32_t mmio_read32(uint32_t address)
{
	return *(volatile uint32_t *)(uintptr_t)address;
}

/* Writes by an instruction that is named: for small code, compilers make `and` and `or` of stores of zeros and of ones,
 * volatile or not, and these read the register too. */

static inline void mmio_write8(uint32_t address, uint8_t value)
{
	__asm__ volatile("mov %1, %0" : "=m"(*(volatile uint8_t *)(uintptr_t)address) : "r"(value));
}

static inline void mmio_write16(uint32_t address, uint16_t value)
{
	__asm__ volatile("mov %1, %0" : "=m"(*(volatile uint16_t *)(uintptr_t)address) : "r"(value));
}

static inline void mmio_write32(uint32_t address, uint32_t value)
{
	__asm__ volatile("mov %1, %0" : "=m"(*(volatile uint32_t *)(uintptr_t)address) : "r"(value));
}

/* The address of memory of the loader's own, as devices and the VMM know it: memory is mapped to itself. */
static inline uint32_t mmio_address(const volatile void *at)
{
	return (uint32_t)(uintptr_t)at;
}

#endif
