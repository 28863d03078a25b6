/* Memory for rings and buffers, and page tables beyond the first 4 GiB. Nothing is ever given back. */
#ifndef TEST_GUEST_PAGES_H
#define TEST_GUEST_PAGES_H

#include <stdint.h>

#define PAGE_BYTES 4096

void pages_init(void);
/* Zeroed, identity-mapped, below 4 GiB; panics if there is none left. */
void *pages_alloc(unsigned int nr);
/* The first address that pages_alloc() has not handed out. */
uint64_t pages_next(void);
/* Identity-maps the 2 MiB pages that [base, base + size_bytes) touches, for ring 3. */
void pages_map(uint64_t base, uint64_t size_bytes);

#endif
