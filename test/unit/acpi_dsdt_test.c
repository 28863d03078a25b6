/* The DSDT is well-formed AML, holds the devices that it should, and the reference compiler finds nothing to remark. */
#include "vmm/tables/dsdt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test/unit/acpi_machine.h"
#include "test/unit/unit.h"
#include "vmm/tables/acpi_layout.h"

static uint8_t aml[8192];

/* A reader of the part of AML that the DSDT uses. It follows the grammar, not the builder: each term must end inside
 * the block that holds it, and each block must end with its last term. */
struct reader {
	const uint8_t *at;
	const uint8_t *end;
	unsigned int nr_devices;
	unsigned int nr_methods;
	char names[64][5]; /* of Name() objects and devices, in order */
	unsigned int nr_names;
};

static uint8_t take(struct reader *r)
{
	ck_assert(r->at < r->end);
	return *r->at++;
}

static void skip(struct reader *r, size_t len)
{
	ck_assert_uint_le(len, (size_t)(r->end - r->at));
	r->at += len;
}

/* The end of the block whose package length comes next. */
static const uint8_t *take_package(struct reader *r)
{
	const uint8_t *start = r->at;
	uint8_t lead = take(r);
	size_t length = lead >> 6 ? lead & 0xf : lead & 0x3f;

	if (lead >> 6)
		ck_assert_uint_eq(lead & 0x30, 0);
	for (unsigned int i = 0; i < lead >> 6; i++)
		length |= (size_t)take(r) << (4 + 8 * i);
	ck_assert_uint_le(length, (size_t)(r->end - start));
	ck_assert_uint_ge(length, (size_t)(r->at - start));
	return start + length;
}

static void take_segment(struct reader *r, char out[5])
{
	for (unsigned int i = 0; i < 4; i++) {
		out[i] = (char)take(r);
		ck_assert((out[i] >= 'A' && out[i] <= 'Z') || out[i] == '_' ||
			  (i > 0 && out[i] >= '0' && out[i] <= '9'));
	}
	out[4] = '\0';
}

/* The last segment of a path. */
static void take_path(struct reader *r, char out[5])
{
	unsigned int nr = 1;

	if (*r->at == '\\')
		skip(r, 1);
	if (*r->at == 0x2e) {
		skip(r, 1);
		nr = 2;
	}
	ck_assert_uint_ne(*r->at, 0x2f);
	while (nr-- > 0)
		take_segment(r, out);
}

static void read_terms(struct reader *r);

static void read_inner(struct reader *r, const uint8_t *end, void (*read)(struct reader *r))
{
	const uint8_t *outer = r->end;

	r->end = end;
	read(r);
	ck_assert_ptr_eq(r->at, end);
	r->end = outer;
}

/* Small and large descriptors up to the end tag (ACPI 6.5, 6.4). */
static void read_resources(struct reader *r)
{
	for (;;) {
		uint8_t tag = take(r);

		if (tag == 0x79) {
			skip(r, 1);
			return;
		}
		if (tag & 0x80) {
			size_t len = take(r);

			len |= (size_t)take(r) << 8;
			skip(r, len);
		} else {
			skip(r, tag & 7);
		}
	}
}

static void read_buffer(struct reader *r)
{
	ck_assert_uint_eq(take(r), 0x0a);
	ck_assert_uint_eq(take(r), (size_t)(r->end - r->at));
	read_resources(r);
}

static void read_package(struct reader *r)
{
	unsigned int nr = take(r), found = 0;

	while (r->at < r->end) {
		uint8_t op = take(r);

		ck_assert(op == 0 || op == 1 || op == 0x0a);
		if (op == 0x0a)
			skip(r, 1);
		found++;
	}
	ck_assert_uint_eq(found, nr);
}

static void read_fields(struct reader *r)
{
	char name[5];

	take_path(r, name);
	skip(r, 1);
	while (r->at < r->end) {
		take_segment(r, name);
		skip(r, 1);
	}
}

static void note(struct reader *r, const char name[5])
{
	ck_assert_uint_lt(r->nr_names, 64);
	memcpy(r->names[r->nr_names++], name, 5);
}

static void read_named_block(struct reader *r)
{
	char name[5];

	take_path(r, name);
	note(r, name);
	read_terms(r);
}

static void read_method(struct reader *r)
{
	char name[5];

	take_path(r, name);
	note(r, name);
	skip(r, 1);
	read_terms(r);
}

static void read_extended(struct reader *r)
{
	char name[5];

	switch (take(r)) {
	case 0x80: /* OperationRegion: space, offset, length */
		take_path(r, name);
		skip(r, 1);
		read_terms(r);
		break;
	case 0x81:
		read_inner(r, take_package(r), read_fields);
		break;
	case 0x82:
		r->nr_devices++;
		read_inner(r, take_package(r), read_named_block);
		break;
	default:
		ck_abort_msg("unknown extended opcode %#x", r->at[-1]);
	}
}

/* Operands read as terms of their own, which suffices to find where each ends. */
static void read_terms(struct reader *r)
{
	static const uint8_t integer_bytes[] = { [0x0a] = 1, [0x0b] = 2, [0x0c] = 4, [0x0e] = 8 };
	char name[5];

	while (r->at < r->end) {
		uint8_t op = *r->at;

		if (op == '\\' || op == '_' || (op >= 'A' && op <= 'Z')) {
			take_path(r, name);
			continue;
		}
		skip(r, 1);
		switch (op) {
		case 0x00: /* Zero */
		case 0x01: /* One */
		case 0x60: /* Local0 */
		case 0x70: /* Store */
		case 0x7b: /* And */
		case 0x86: /* Notify */
			break;
		case 0x08:
			take_path(r, name);
			note(r, name);
			break;
		case 0x0a:
		case 0x0b:
		case 0x0c:
		case 0x0e:
			skip(r, integer_bytes[op]);
			break;
		case 0x0d:
			while (take(r) != 0)
				;
			break;
		case 0x10:
			read_inner(r, take_package(r), read_named_block);
			break;
		case 0x11:
			read_inner(r, take_package(r), read_buffer);
			break;
		case 0x12:
			read_inner(r, take_package(r), read_package);
			break;
		case 0x14:
			r->nr_methods++;
			read_inner(r, take_package(r), read_method);
			break;
		case 0x5b:
			read_extended(r);
			break;
		case 0xa0:
			read_inner(r, take_package(r), read_terms);
			break;
		default:
			ck_abort_msg("unknown opcode %#x at %td", op, r->at - 1 - aml);
		}
	}
}

static void read_dsdt(struct reader *r, const struct acpi_description *description)
{
	int len = dsdt_write(description, aml, sizeof(aml));

	ck_assert_int_gt(len, 0);
	*r = (struct reader){ .at = aml, .end = aml + len };
	read_terms(r);
}

static bool has(const struct reader *r, const char *name)
{
	for (unsigned int i = 0; i < r->nr_names; i++) {
		if (strcmp(r->names[i], name) == 0)
			return true;
	}
	return false;
}

START_TEST(grammar_holds_and_all_devices_are_there)
{
	struct reader r;

	read_dsdt(&r, &machine);
	ck_assert_uint_eq(r.nr_devices, 6);
	ck_assert_uint_eq(r.nr_methods, 1);
	ck_assert(has(&r, "PCI0") && has(&r, "ECAM") && has(&r, "COM1") && has(&r, "PEVT") && has(&r, "PWRB"));
	ck_assert(has(&r, "GED0") && has(&r, "_EVT") && has(&r, "_S5_") && has(&r, "_SB_"));
}
END_TEST

START_TEST(no_serial_port_no_com1)
{
	struct acpi_description description = machine;
	struct reader r;

	description.serial = false;
	read_dsdt(&r, &description);
	ck_assert_uint_eq(r.nr_devices, 5);
	ck_assert(!has(&r, "COM1"));
}
END_TEST

START_TEST(high_window_still_parses)
{
	struct acpi_description description = machine;
	struct reader r;

	description.pci_window_base = UINT64_C(1) << 40;
	description.pci_window_size_bytes = UINT64_C(1) << 36;
	read_dsdt(&r, &description);
	ck_assert_uint_eq(r.nr_devices, 6);
}
END_TEST

START_TEST(too_small_a_buffer_is_refused)
{
	int needed = dsdt_write(&machine, aml, sizeof(aml));

	for (int capacity = 0; capacity < needed; capacity++)
		ck_assert_int_eq(dsdt_write(&machine, aml, (size_t)capacity), -ENOSPC);
	ck_assert_int_eq(dsdt_write(&machine, aml, (size_t)needed), needed);
}
END_TEST

static void write_table(const char *path, const void *body, size_t len)
{
	struct acpi_header header = {
		.signature = "DSDT",
		.length = le32_make((uint32_t)(sizeof(header) + len)),
		.revision = 2,
		.oem_id = "MOTE  ",
		.oem_table_id = "MICROVM ",
		.creator_id = "MOTE",
	};
	uint8_t sum = 0;
	FILE *file = fopen(path, "wb");

	for (size_t i = 0; i < sizeof(header); i++)
		sum = (uint8_t)(sum + ((const uint8_t *)&header)[i]);
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + ((const uint8_t *)body)[i]);
	header.checksum = (uint8_t)-sum;
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(&header, sizeof(header), 1, file), 1);
	ck_assert_uint_eq(fwrite(body, len, 1, file), 1);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(reference_compiler_has_no_remark)
{
	char directory[] = "/tmp/mote-dsdt-XXXXXX";
	char command[256], path[64];
	int len;

	if (system("command -v iasl >/dev/null 2>&1") != 0) {
		printf("SKIP reference_compiler_has_no_remark: iasl (package acpica-tools) is not installed\n");
		return;
	}
	len = dsdt_write(&machine, aml, sizeof(aml));
	ck_assert_int_gt(len, 0);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/dsdt.aml", directory);
	write_table(path, aml, (size_t)len);
	/* Disassembles, compiles the result again with every remark on, and compares the bytes of the two. */
	snprintf(command, sizeof(command),
		 "cd %s && { iasl -d dsdt.aml && iasl -we -oa -p again dsdt.dsl; } >log 2>&1 && "
		 "tail -c +37 dsdt.aml >a && tail -c +37 again.aml >b && cmp a b || { cat log; exit 1; }",
		 directory);
	ck_assert_int_eq(system(command), 0);
	snprintf(command, sizeof(command), "grep -q ' 0 Errors, 0 Warnings, 0 Remarks' %s/log", directory);
	ck_assert_int_eq(system(command), 0);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("acpi dsdt");
	TCase *tc = tcase_create("aml");

	tcase_add_test(tc, grammar_holds_and_all_devices_are_there);
	tcase_add_test(tc, no_serial_port_no_com1);
	tcase_add_test(tc, high_window_still_parses);
	tcase_add_test(tc, too_small_a_buffer_is_refused);
	tcase_add_test(tc, reference_compiler_has_no_remark);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
