/* The rules of a guest's network behind the host, as a script of nft(8): one table, whose name is the tap's. */
#ifndef VMM_HOST_NAT_TABLE_H
#define VMM_HOST_NAT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "vmm/host/nic.h"
#include "vmm/host/subnet.h"

#define NAT_TABLE_SCRIPT_BYTES 6144

struct nat_table {
	const char *tap;
	const char *vm_name; /* for who reads the rules */
	const struct subnet *subnet;
	bool with_ipv6; /* the host forwards IPv6 */
	unsigned int nr_forwards;
	const struct nic_forward *forwards;
};

/* Writes the script that makes the table, in one transaction and instead of one of the same name. 0, or -E2BIG if it
 * does not fit. */
__attribute__((warn_unused_result)) int nat_table_print(const struct nat_table *table,
							char script[NAT_TABLE_SCRIPT_BYTES]);

/* The script that removes the table of a tap, whether it is there or not. */
void nat_table_print_removal(const char *tap, char script[NAT_TABLE_SCRIPT_BYTES]);

/* Removes a table, if it is there, by nft. 0, -EIO if nft refuses, or another errno of command_run(). */
__attribute__((warn_unused_result)) int nat_table_remove(const char *name);

#endif
