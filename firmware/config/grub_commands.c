#include "firmware/config/grub_script.h"

#include "firmware/config/places.h"
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"

#define COMMAND_COST 256 /* what a command is charged, in bytes of script */

/* Commands that succeed by doing nothing: about screens, modules and the like, or they would write. */
static const char quiet[] = "insmod\0echo\0export\0true\0save_env\0terminal_input\0terminal_output\0serial\0clear\0"
			    "play\0increment\0decrement\0background_color\0cryptomount\0btrfs-mount-subvol\0sleep\0"
			    "cpuid\0boot\0";

/* Commands that fail, as they do where there is no such thing: a font, a key that is held down, a button. */
static const char absent[] = "false\0loadfont\0keystatus\0cmostest\0hwmatch\0background_image\0regexp\0probe\0";

/* Commands by which an entry starts something that is not Linux. */
static const char others[] = "chainloader\0multiboot\0multiboot2\0xen_hypervisor\0fwsetup\0halt\0reboot\0exit\0";

static bool is_in(const char *list, const char *name)
{
	for (; *list != '\0'; list += strlen(list) + 1)
		if (strcmp(list, name) == 0)
			return true;
	return false;
}

/* What a command is run with. */
struct call {
	unsigned int nr; /* of words, at least one */
	char **words; /* and a NULL */
	const struct grub_cursor *block; /* or NULL */
};

static int assign(struct grub *grub, const char *assignment)
{
	const char *equals = strchr(assignment, '=');

	if (equals != NULL)
		grub_set(grub, assignment, (size_t)(equals - assignment), equals + 1);
	return 0;
}

/* set NAME=VALUE. Without a value it would print. */
static int set(struct grub *grub, const struct call *call)
{
	return call->nr > 1 ? assign(grub, call->words[1]) : 0;
}

/* unset NAME... */
static int unset(struct grub *grub, const struct call *call)
{
	for (unsigned int i = 1; i < call->nr; i++)
		grub_set(grub, call->words[i], strlen(call->words[i]), "");
	return 0;
}

static bool is_assignment(const char *word)
{
	const char *at = word;

	while (text_is_letter(*at) || *at == '_' || (at > word && text_is_digit(*at)))
		at++;
	return at > word && *at == '=';
}

/* source FILE, and configfile FILE, whose menu replaces this one. */
static int run_file(struct grub *grub, const char *name, bool is_configfile)
{
	const char *path = grub->scope.path;
	struct mounted *where = grub->scope.where;
	struct place_file file = grub_file(grub, name);
	int64_t len = FW_ENOENT;
	char *text;

	if (file.where != NULL)
		len = places_read(file.where, file.path, &text);
	if (len == FW_ENOMEM)
		grub_out_of_memory(grub);
	else if (len < 0)
		GRUB_SAY(grub, "%s: there is no %s\n", grub->scope.path, name);
	if (len < 0)
		return 1;
	file.path = grub_keep(grub, file.path, strlen(file.path));
	GRUB_SAY(grub, "%s on %s leads to %s on %s\n", path, where->fs.source->name, file.path,
		 file.where->fs.source->name);
	grub->scope.path = file.path;
	grub->scope.where = file.where;
	if (is_configfile)
		grub_set_directory(grub, "config_directory");
	grub_run(grub, (struct grub_cursor){ .at = text, .end = text + len });
	if (is_configfile && grub->menu.first != NULL && grub->flow != GRUB_ENDS) {
		grub->flow = GRUB_ENDS; /* that menu is the menu */
		return 0;
	}
	grub->scope.path = path;
	grub->scope.where = where;
	return 0;
}

/* linux KERNEL ARGUMENTS... Quotes are put back where an argument needs them, as GRUB does. */
static int set_kernel(struct grub *grub, const struct call *call)
{
	struct entry *entry = grub->entry;
	struct grub_words line;

	if (call->nr < 2 || entry == NULL)
		return 1;
	entry->nr_initrds = 0;
	if (!grub_find_file(grub, call->words[1], &entry->kernel)) {
		entry->kernel.where = NULL;
		return 1;
	}
	grub_words_begin(grub, &line);
	for (unsigned int i = 2; i < call->nr; i++) {
		const char *word = call->words[i];
		const char *quote = strchr(word, ' ') != NULL ? "\"" : "";

		text_add(&line.text, i > 2 ? " " : "");
		text_add(&line.text, quote);
		for (const char *at = word; *at != '\0'; at++) {
			if (*at == '\\' || *at == '\'' || *at == '"')
				text_add(&line.text, "\\");
			text_add_bytes(&line.text, at, 1);
		}
		text_add(&line.text, quote);
	}
	if (line.text.is_cut)
		grub_end(grub, "has a command line that is too long");
	entry->arguments = grub_keep(grub, line.text.buf, line.text.len);
	return 0;
}

/* initrd FILE... */
static int set_initrds(struct grub *grub, const struct call *call)
{
	struct entry *entry = grub->entry;

	if (entry == NULL)
		return 1;
	entry->nr_initrds = 0;
	for (unsigned int i = 1; i < call->nr; i++) {
		if (entry->nr_initrds == ENTRY_MAX_INITRDS) {
			GRUB_SAY(grub, "%s: more than %u initrds\n", grub->scope.path, ENTRY_MAX_INITRDS);
			return 1;
		}
		if (grub_find_file(grub, call->words[i], &entry->initrds[entry->nr_initrds]))
			entry->nr_initrds++;
	}
	return 0;
}

/* load_env [--skip-sig] [-f FILE] [NAME...] */
static int load_environment(struct grub *grub, const struct call *call)
{
	char **words = call->words + 1;
	const char *file = NULL;

	for (; *words != NULL && (*words)[0] == '-'; words++) {
		if (text_begins(*words, "--file="))
			file = *words + strlen("--file=");
		else if ((strcmp(*words, "-f") == 0 || strcmp(*words, "--file") == 0) && words[1] != NULL)
			file = *++words;
	}
	if (file == NULL)
		file = places_join(grub->arena, grub_value(grub, "prefix"), "grubenv");
	if (file != NULL)
		return grub_load_environment(grub, file, words);
	grub_out_of_memory(grub);
	return 1;
}

static int search(struct grub *grub, const struct call *call)
{
	return grub_search(grub, call->nr, call->words);
}

static int test(struct grub *grub, const struct call *call)
{
	bool has_bracket = strcmp(call->words[0], "[") == 0 && strcmp(call->words[call->nr - 1], "]") == 0;

	return grub_condition(grub, call->nr - 1 - has_bracket, call->words + 1);
}

static int add_item(struct grub *grub, const struct call *call)
{
	return grub_add_item(grub, call->nr, call->words, call->block);
}

static int add_bls(struct grub *grub, const struct call *call)
{
	(void)call;
	return grub_add_bls(grub);
}

static int source(struct grub *grub, const struct call *call)
{
	return call->nr > 1 ? run_file(grub, call->words[1], false) : 1;
}

static int configfile(struct grub *grub, const struct call *call)
{
	return call->nr > 1 ? run_file(grub, call->words[1], true) : 1;
}

static int break_loop(struct grub *grub, const struct call *call)
{
	(void)call;
	grub->flow = GRUB_BREAKS;
	return 0;
}

static int continue_loop(struct grub *grub, const struct call *call)
{
	(void)call;
	grub->flow = GRUB_CONTINUES;
	return 0;
}

/* return [STATUS] */
static int return_from(struct grub *grub, const struct call *call)
{
	unsigned int status;

	grub->flow = GRUB_RETURNS;
	return call->nr > 1 && text_number(call->words[1], &status) ? (int)status : grub->status;
}

static const struct {
	const char *name;
	int (*run)(struct grub *grub, const struct call *call); /* the exit status */
} commands[] = {
	{ "[", test },
	{ "test", test },
	{ "set", set },
	{ "unset", unset },
	{ "linux", set_kernel },
	{ "linux16", set_kernel },
	{ "linuxefi", set_kernel },
	{ "initrd", set_initrds },
	{ "initrd16", set_initrds },
	{ "initrdefi", set_initrds },
	{ "search", search },
	{ "search.fs_uuid", search },
	{ "search.fs_label", search },
	{ "search.file", search },
	{ "menuentry", add_item },
	{ "submenu", add_item },
	{ "load_env", load_environment },
	{ "source", source },
	{ ".", source },
	{ "configfile", configfile },
	{ "blscfg", add_bls },
	{ "return", return_from },
	{ "break", break_loop },
	{ "continue", continue_loop },
};

static bool run_builtin(struct grub *grub, const struct call *call)
{
	for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, call->words[0]) == 0) {
			grub->status = commands[i].run(grub, call);
			return true;
		}
	}
	return false;
}

static bool run_function(struct grub *grub, const struct call *call)
{
	char **arguments = grub->arguments;
	unsigned int nr_arguments = grub->nr_arguments;
	struct grub_function *function = grub->scope.functions;

	while (function != NULL && strcmp(function->name, call->words[0]) != 0) {
		grub_charge(grub, 1);
		function = function->next;
	}
	if (function == NULL)
		return false;
	grub->arguments = call->words + 1;
	grub->nr_arguments = call->nr - 1;
	grub_run(grub, function->body);
	if (grub->flow == GRUB_RETURNS)
		grub->flow = GRUB_GOES_ON;
	grub->arguments = arguments;
	grub->nr_arguments = nr_arguments;
	return true;
}

/* What is not done here, or unknown: the exit status. */
static int pass_over(struct grub *grub, const char *name)
{
	if (is_in(quiet, name))
		return 0;
	if (is_in(others, name)) {
		grub->other = grub_keep(grub, name, strlen(name));
		return grub->entry == NULL;
	}
	/* Once it is known to be none of ours, what else it needs does not matter. */
	if (grub->other == NULL && !is_in(absent, name))
		GRUB_SAY(grub, "%s: the command '%s' is unknown and passed over\n", grub->scope.path, name);
	return 1;
}

void grub_command(struct grub *grub, unsigned int nr, char **words, const struct grub_cursor *block)
{
	struct call call = { .nr = nr, .words = words, .block = block };
	bool is_negated = false;

	grub_charge(grub, COMMAND_COST);
	for (; call.nr > 1 && strcmp(call.words[0], "!") == 0; call.nr--, call.words++)
		is_negated = !is_negated;
	if (is_assignment(call.words[0]))
		grub->status = assign(grub, call.words[0]);
	else if (!run_builtin(grub, &call) && !run_function(grub, &call))
		grub->status = pass_over(grub, call.words[0]);
	if (is_negated)
		grub->status = !grub->status;
}
