/* Writes ACPI Machine Language: the grammar of ACPI 6.5, chapter 20, one function a production.
 *
 * Terms are appended to the caller's buffer in the order of the calls. What encloses others (a scope, a package, a
 * resource template) is opened by an aml_*_begin(), which returns a mark (where its contents start), and closed by the
 * matching aml_end() or aml_resources_end(), innermost first. A buffer that is full stays as it is and remembers it:
 * callers check aml_finish() once, at the end. Any thread; one writer a thread. */
#ifndef VMM_TABLES_AML_H
#define VMM_TABLES_AML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aml {
	uint8_t *bytes;
	size_t size;
	size_t capacity;
	bool failed;
};

void aml_init(struct aml *aml, void *buffer, size_t capacity);
/* The number of bytes written, or -ENOSPC if they did not fit (or a length is beyond what AML can say). */
__attribute__((warn_unused_result)) int aml_finish(const struct aml *aml);

/* --- Data --- */

/* A path such as "\\_SB.PCI0" or "_HID": each segment 1 to 4 of A-Z, 0-9 and _, padded with _ (20.2.2). */
void aml_path(struct aml *aml, const char *path);
void aml_integer(struct aml *aml, uint64_t value); /* in its shortest form */
void aml_string(struct aml *aml, const char *ascii);
void aml_eisa_id(struct aml *aml, const char *id); /* "PNP0501" as the compressed integer (19.6.37) */

/* --- Named objects and blocks --- */

void aml_name(struct aml *aml, const char *path); /* the object follows */
size_t aml_scope_begin(struct aml *aml, const char *path);
size_t aml_device_begin(struct aml *aml, const char *path);
size_t aml_method_begin(struct aml *aml, const char *path, unsigned int nr_args, bool serialized);
size_t aml_package_begin(struct aml *aml, uint8_t nr_elements);
size_t aml_if_begin(struct aml *aml); /* the predicate follows, then the terms */
void aml_end(struct aml *aml, size_t mark);

/* OperationRegion of `size_bytes` ports from `port`. */
void aml_io_region(struct aml *aml, const char *path, uint16_t port, uint16_t size_bytes);
/* A field list over a region, accessed by bytes; its units follow. */
size_t aml_byte_field_begin(struct aml *aml, const char *region);
void aml_field_unit(struct aml *aml, const char *segment, unsigned int bits);

/* --- Statements and expressions --- */

void aml_local(struct aml *aml, unsigned int n); /* 0 .. 7 */
void aml_store(struct aml *aml); /* source, then target, follow */
void aml_and(struct aml *aml); /* two operands, then the target or aml_no_target(), follow */
void aml_no_target(struct aml *aml);
void aml_notify(struct aml *aml, const char *path, uint8_t value);

/* --- Resource templates (ACPI 6.5, 6.4) --- */

/* The buffer that a template is; its descriptors go between the two calls. Returns the mark that the second takes. */
size_t aml_resources_begin(struct aml *aml);
/* The end tag, and the buffer's length. */
void aml_resources_end(struct aml *aml, size_t mark);
/* Descriptors: ports that decode 16 bits; one GSI, edge, active high, exclusive; memory; bus numbers first to last. */
void aml_io(struct aml *aml, uint16_t port, uint8_t size_bytes);
void aml_interrupt_edge_high(struct aml *aml, uint32_t gsi);
void aml_memory32_fixed(struct aml *aml, uint32_t base, uint32_t size_bytes);
void aml_bus_range(struct aml *aml, uint16_t first, uint16_t last);
/* A window that a bridge produces: read-write, not cacheable; as a DWord descriptor if it ends below 4 GiB. */
void aml_memory_window(struct aml *aml, uint64_t base, uint64_t size_bytes);

#endif
