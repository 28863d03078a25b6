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

static inline void mmio_write8(uint32_t address, uint8_t value)
{
	*(volatile uint8_t *)(uintptr_t)address = value;
}

static inline void mmio_write16(uint32_t address, uint16_t value)
{
	*(volatile uint16_t *)(uintptr_t)address = value;
}

static inline void mmio_write32(uint32_t address, uint32_t value)
{
	*(volatile uint32_t *)(uintptr_t)address = value;
}

/* The address of memory of the loader's own, as devices and the VMM know it: memory is mapped to itself. */
static inline uint32_t mmio_address(const volatile void *at)
{
	return (uint32_t)(uintptr_t)at;
}

#endif
