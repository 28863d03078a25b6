/* Registers that the guest reads as plain memory.
 *
 * Such a page is behind a read-only memslot: the guest's loads cost no exit, its stores do, and the device answers them
 * by changing the page. Other vCPUs may be reading meanwhile, so every change is one naturally aligned store of the
 * whole register. The device alone writes the page, under its lock, so its own reads need no more than memcpy(3). */
#ifndef DEVICES_REGISTER_PAGE_H
#define DEVICES_REGISTER_PAGE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define REGISTER_PAGE_BYTES 4096

/* `offset` is a multiple of the register's size. */
static inline void register_page_set8(uint8_t *page, unsigned int offset, uint8_t value)
{
	__atomic_store_n(page + offset, value, __ATOMIC_RELEASE);
}

static inline void register_page_set16(uint8_t *page, unsigned int offset, uint16_t value)
{
	__atomic_store_n((uint16_t *)(void *)(page + offset), htole16(value), __ATOMIC_RELEASE);
}

static inline void register_page_set32(uint8_t *page, unsigned int offset, uint32_t value)
{
	__atomic_store_n((uint32_t *)(void *)(page + offset), htole32(value), __ATOMIC_RELEASE);
}

static inline void register_page_set64(uint8_t *page, unsigned int offset, uint64_t value)
{
	__atomic_store_n((uint64_t *)(void *)(page + offset), htole64(value), __ATOMIC_RELEASE);
}

static inline uint8_t register_page_get8(const uint8_t *page, unsigned int offset)
{
	return page[offset];
}

static inline uint16_t register_page_get16(const uint8_t *page, unsigned int offset)
{
	uint16_t value;

	memcpy(&value, page + offset, sizeof(value));
	return le16toh(value);
}

static inline uint32_t register_page_get32(const uint8_t *page, unsigned int offset)
{
	uint32_t value;

	memcpy(&value, page + offset, sizeof(value));
	return le32toh(value);
}

static inline uint64_t register_page_get64(const uint8_t *page, unsigned int offset)
{
	uint64_t value;

	memcpy(&value, page + offset, sizeof(value));
	return le64toh(value);
}

/* The bytes [offset, offset + size) as a guest's load sees them, for the rare access that does not come by the memslot
 * (KVM's instruction emulator gives up on some). Any thread. */
static inline uint64_t register_page_load(const uint8_t *page, uint64_t offset, unsigned int size)
{
	uint64_t value = 0;

	if (size > sizeof(value) || offset > REGISTER_PAGE_BYTES - size)
		return UINT64_MAX;
	for (unsigned int i = 0; i < size; i++)
		value |= (uint64_t)__atomic_load_n(page + offset + i, __ATOMIC_ACQUIRE) << (8 * i);
	return value;
}

#endif
