#include "firmware/loader/pci.h"

#include "firmware/loader/mmio.h"

#define FUNCTION_BYTES 0x1000
#define FUNCTIONS_PER_SLOT 8
#define FUNCTIONS_PER_BUS 256

#define REG_VENDOR 0x00
#define REG_DEVICE 0x02
#define REG_COMMAND 0x04
#define REG_STATUS 0x06
#define REG_HEADER_TYPE 0x0e
#define REG_BAR0 0x10
#define REG_CAPABILITIES 0x34

#define VENDOR_NONE 0xffff
#define COMMAND_MEMORY 0x2
#define COMMAND_MASTER 0x4
#define STATUS_CAPABILITIES 0x10
#define HEADER_MULTI_FUNCTION 0x80
#define HEADER_TYPE 0x7f
#define BAR_IO 0x1
#define BAR_64 0x4
#define BAR_FLAGS UINT32_C(0xf)
#define NR_BARS 6
#define MAX_CAPABILITIES 48 /* that fit into configuration space: a chain with more goes in a circle */

static uint32_t config_of(const struct pci_host *host, uint32_t position)
{
	return host->ecam + position * FUNCTION_BYTES;
}

/* Functions of a slot behind its first, if that says that there are any. */
static bool has_more(const struct pci_host *host, uint32_t position)
{
	uint32_t first = config_of(host, position & ~(uint32_t)(FUNCTIONS_PER_SLOT - 1));

	return mmio_read16(first + REG_VENDOR) != VENDOR_NONE &&
	       (mmio_read8(first + REG_HEADER_TYPE) & HEADER_MULTI_FUNCTION);
}

bool pci_next(const struct pci_host *host, uint32_t *at, struct pci_function *out)
{
	for (; *at < host->nr_buses * FUNCTIONS_PER_BUS; (*at)++) {
		uint32_t config = config_of(host, *at);

		if (*at % FUNCTIONS_PER_SLOT != 0 && !has_more(host, *at))
			continue;
		if (mmio_read16(config + REG_VENDOR) == VENDOR_NONE) {
			/* Each function that is looked at costs an exit. */
			if (*at % FUNCTIONS_PER_SLOT == 0)
				return false;
			continue;
		}
		if ((mmio_read8(config + REG_HEADER_TYPE) & HEADER_TYPE) != 0)
			continue;
		*out = (struct pci_function){
			.config = config,
			.vendor = mmio_read16(config + REG_VENDOR),
			.device = mmio_read16(config + REG_DEVICE),
		};
		(*at)++;
		return true;
	}
	return false;
}

uint8_t pci_capability(const struct pci_function *function, uint8_t id, uint8_t after)
{
	uint8_t at;

	if ((mmio_read16(function->config + REG_STATUS) & STATUS_CAPABILITIES) == 0)
		return 0;
	at = mmio_read8(function->config + (after == 0 ? REG_CAPABILITIES : after + 1u));
	for (unsigned int hops = 0; at != 0 && hops < MAX_CAPABILITIES; hops++) {
		if (mmio_read8(function->config + at) == id)
			return at;
		at = mmio_read8(function->config + at + 1);
	}
	return 0;
}

void pci_enable(const struct pci_function *function)
{
	uint32_t command = function->config + REG_COMMAND;

	mmio_write16(command, mmio_read16(command) | COMMAND_MEMORY | COMMAND_MASTER);
}

void pci_disable(const struct pci_function *function)
{
	uint32_t command = function->config + REG_COMMAND;

	mmio_write16(command, (uint16_t)(mmio_read16(command) & ~(COMMAND_MEMORY | COMMAND_MASTER)));
}

uint32_t pci_bar(const struct pci_function *function, unsigned int bar)
{
	uint32_t reg = function->config + REG_BAR0 + 4 * bar;
	uint32_t low;

	if (bar >= NR_BARS)
		return 0;
	low = mmio_read32(reg);
	if ((low & BAR_IO) || ((low & BAR_64) && mmio_read32(reg + 4) != 0))
		return 0;
	return low & ~BAR_FLAGS;
}
