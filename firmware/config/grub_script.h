/* The parts of the grub.cfg interpreter, among themselves.
 *
 * Theory of operation. A script is run straight from its text: there is no tree. A cursor walks over it; a construct
 * that is not to be run, such as the other branch of an `if`, is walked over in the same way with `execute` false. A
 * function and the block of a menu entry are kept as ranges of the text and run when they are called for.
 *
 * A script can do no harm but take time and memory, so each has a limit: every byte that is walked over or put in for a
 * variable, every command, and every file that is asked for is charged to a budget; nesting has a depth; a command's
 * words live in a scratch area of a fixed size, and what outlives the command, in the arena. When a limit is reached
 * the script ends there, with what it has said until then. */
#ifndef FIRMWARE_CONFIG_GRUB_SCRIPT_H
#define FIRMWARE_CONFIG_GRUB_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware/config/entry.h"
#include "firmware/config/text.h"

/* A text, or what is left of it. */
struct grub_cursor {
	const char *at;
	const char *end;
};

/* The newest comes first and hides older ones of its name; so a list's former head is its former state. */
struct grub_variable {
	struct grub_variable *next;
	const char *name;
	const char *value;
};

struct grub_function {
	struct grub_function *next;
	const char *name;
	struct grub_cursor body;
};

/* A line of a menu. */
struct grub_item {
	struct grub_item *next; /* in the same menu */
	struct grub_item *first; /* of a submenu that has been opened */
	struct grub_item *last;
	const char *title;
	const char *id;
	struct grub_cursor body;
	bool is_submenu;
	struct entry *entry; /* of the Boot Loader Specification: complete, without a body to run */
};

/* What a block of a menu may change, and is taken back behind it. */
struct grub_scope {
	const char *path; /* of the file that is run, for messages */
	struct mounted *where; /* the file's */
	struct grub_variable *variables;
	struct grub_function *functions;
	struct grub_item *menu; /* the one that entries go to */
};

/* What the commands that follow are not run for. */
enum grub_flow {
	GRUB_GOES_ON,
	GRUB_BREAKS, /* out of the loop */
	GRUB_CONTINUES, /* with the loop's next round */
	GRUB_RETURNS, /* from the function */
	GRUB_ENDS, /* altogether */
};

/* A command's words, each with a NUL behind it, in the scratch area. */
struct grub_words {
	struct text text;
	unsigned int nr;
	bool is_open; /* the last one has begun, be it empty */
};

struct grub {
	struct places *places;
	struct arena *arena;
	struct arena scratch;
	struct grub_scope scope;
	const char *origin; /* of the entries */
	struct grub_item menu; /* the top one */
	struct entry *entry; /* whose block is run, or NULL */
	bool has_bls; /* its entries have been added, which is done once */
	bool has_default; /* an entry has been listed as the default */
	const char *other; /* a command of that block by which it starts something that is not Linux */
	char **arguments; /* of the function that is run: $1 and so on */
	unsigned int nr_arguments;
	unsigned int depth;
	size_t budget;
	unsigned int nr_said;
	enum grub_flow flow;
	int status; /* of the last command: 0 is success */
	int error; /* what ended it: FW_ENOMEM, or 0 */
};

/* grub_words.c: cutting the text into words. */

/* Takes `cost` of what is left. When there is nothing left, the script ends. */
void grub_charge(struct grub *grub, size_t cost);

/* Walks over blanks, continued lines and a comment; and over newlines and semicolons as well. */
void grub_skip_blanks(struct grub *grub, struct grub_cursor *cursor);
void grub_skip_separators(struct grub *grub, struct grub_cursor *cursor);

/* Whether a command ends here. */
bool grub_is_command_end(const struct grub_cursor *cursor);

/* Takes a word, which is there. With `words` NULL it is only walked over. Otherwise quotes are taken off and variables
 * put in, which can make several words of it, or none. */
void grub_take_word(struct grub *grub, struct grub_cursor *cursor, struct grub_words *words);

/* Takes a block, whose opening brace is there, up to its closing one; what is between. */
struct grub_cursor grub_take_block(struct grub *grub, struct grub_cursor *cursor);

/* Starts a list of words in the scratch area, and ends it: the list, and a NULL behind it, or NULL if there was no
 * room, which ends the script. */
void grub_words_begin(struct grub *grub, struct grub_words *words);
char **grub_words_end(struct grub *grub, struct grub_words *words);

/* grub_script.c: running it. */

/* Whether there may be another message: a script can't say things without end. */
bool grub_may_say(struct grub *grub);

#define GRUB_SAY(grub, ...)                                                                                            \
	do {                                                                                                           \
		if (grub_may_say(grub))                                                                                \
			print(__VA_ARGS__);                                                                            \
	} while (0)

/* Says that the script ends here, and why. */
void grub_end(struct grub *grub, const char *why);

/* The same when the arena is full. */
void grub_out_of_memory(struct grub *grub);

/* A copy in the arena, or "" when that is full. */
const char *grub_keep(struct grub *grub, const char *text, size_t len);

/* Runs a text: a file, a function's body, a block. Nested at most 24 deep. */
void grub_run(struct grub *grub, struct grub_cursor text);

/* grub_variables.c */

/* The value, "" if it is not set. */
const char *grub_get(struct grub *grub, const char *name, size_t len);
const char *grub_value(struct grub *grub, const char *name);

/* Both are copied. */
void grub_set(struct grub *grub, const char *name, size_t len, const char *value);

/* Sets what an environment block (GRUB manual, "The GRUB environment block") holds: the names in `only`, or all if
 * that list is empty. 0, or 1 if there is no such file. */
int grub_load_environment(struct grub *grub, const char *path, char **only);

/* grub_files.c */

/* Finds a path of GRUB's: "(hd0,gpt2)/x", or "/x" on $root. The place is NULL if its device is not there. Copies
 * nothing: the path is a part of `name`. */
struct place_file grub_file(struct grub *grub, const char *name);

/* Likewise for a file that must be there: false after saying what is missing. The path lies in the arena. */
bool grub_find_file(struct grub *grub, const char *name, struct place_file *out);

/* Sets a variable to the directory of the file that is run: "(hd0,gpt2)/boot/grub". */
void grub_set_directory(struct grub *grub, const char *variable);

/* The command search, and search.fs_uuid and the like: the exit status. */
int grub_search(struct grub *grub, unsigned int nr, char **words);

/* grub_condition.c: the command test, without its name and a closing bracket. The exit status. */
int grub_condition(struct grub *grub, unsigned int nr, char **words);

/* grub_commands.c: runs a command with its words and, if there is one, block; sets grub->status. */
void grub_command(struct grub *grub, unsigned int nr, char **words, const struct grub_cursor *block);

/* grub_menu.c */

/* The commands menuentry and submenu: adds a line to the open menu. The exit status. */
int grub_add_item(struct grub *grub, unsigned int nr, char **words, const struct grub_cursor *block);

/* The command blscfg: adds a line for each entry of the Boot Loader Specification. The exit status. */
int grub_add_bls(struct grub *grub);

/* Opens all submenus, runs all entries' blocks, and lists those that have a kernel; the default among them, from
 * $default, and $timeout. */
void grub_list(struct grub *grub, struct entries *out);

#endif
