#include "firmware/config/grub_script.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"

#define MAX_DEPTH 24
#define MAX_SAID 50

/* Words that have a meaning where a command may begin. */
enum keyword {
	NO_KEYWORD,
	IF,
	THEN,
	ELIF,
	ELSE,
	FI,
	WHILE,
	UNTIL,
	FOR,
	DO,
	DONE,
	FUNCTION,
	CLOSING_BRACE,
	TEXT_END,
};

static const char *const keywords[] = {
	[IF] = "if", [THEN] = "then",	[ELIF] = "elif",	 [ELSE] = "else",
	[FI] = "fi", [WHILE] = "while", [UNTIL] = "until",	 [FOR] = "for",
	[DO] = "do", [DONE] = "done",	[FUNCTION] = "function",
};

static enum keyword run_list(struct grub *grub, struct grub_cursor *cursor, bool execute);

bool grub_may_say(struct grub *grub)
{
	if (grub->nr_said == MAX_SAID)
		print("%s: more is not said about it\n", grub->scope.path);
	return grub->nr_said++ < MAX_SAID;
}

void grub_end(struct grub *grub, const char *why)
{
	if (grub->flow != GRUB_ENDS)
		print("%s on %s %s: read no further\n", grub->scope.path, grub->scope.where->fs.source->name, why);
	grub->flow = GRUB_ENDS;
}

void grub_out_of_memory(struct grub *grub)
{
	grub->error = FW_ENOMEM;
	grub_end(grub, "takes more memory than there is");
}

const char *grub_keep(struct grub *grub, const char *text, size_t len)
{
	const char *kept = arena_text(grub->arena, text, len);

	if (kept == NULL)
		grub_out_of_memory(grub);
	return kept == NULL ? "" : kept;
}

static void bad_syntax(struct grub *grub)
{
	grub_end(grub, "has an 'if' or a loop without its end");
}

/* Takes a keyword that is there, without quotes and as a whole word. */
static enum keyword take_keyword(struct grub_cursor *cursor)
{
	const char *end = cursor->at;

	if (cursor->at == cursor->end)
		return TEXT_END;
	if (*cursor->at == '}') {
		cursor->at++;
		return CLOSING_BRACE;
	}
	while (end < cursor->end && text_is_letter(*end))
		end++;
	if (end < cursor->end && !text_is_space(*end) && *end != ';' && *end != '{' && *end != '}')
		return NO_KEYWORD;
	for (enum keyword keyword = IF; keyword <= FUNCTION; keyword++) {
		const char *name = keywords[keyword];

		if (strlen(name) == (size_t)(end - cursor->at) && strncmp(cursor->at, name, strlen(name)) == 0) {
			cursor->at = end;
			return keyword;
		}
	}
	return NO_KEYWORD;
}

static void run_if(struct grub *grub, struct grub_cursor *cursor, bool execute)
{
	bool is_decided = false; /* a branch has been run */
	enum keyword end;

	do {
		bool is_taken;

		if (run_list(grub, cursor, execute && !is_decided) != THEN) {
			bad_syntax(grub);
			return;
		}
		is_taken = execute && !is_decided && grub->status == 0;
		end = run_list(grub, cursor, is_taken);
		is_decided |= is_taken;
	} while (end == ELIF);
	if (execute && !is_decided)
		grub->status = 0;
	if (end == ELSE)
		end = run_list(grub, cursor, execute && !is_decided);
	if (end != FI)
		bad_syntax(grub);
}

/* One round of a loop's body. Whether there may be another. */
static bool run_body(struct grub *grub, struct grub_cursor *cursor, bool execute)
{
	if (run_list(grub, cursor, execute) != DONE)
		bad_syntax(grub);
	if (!execute)
		return false;
	if (grub->flow == GRUB_CONTINUES)
		grub->flow = GRUB_GOES_ON;
	if (grub->flow != GRUB_BREAKS)
		return grub->flow == GRUB_GOES_ON;
	grub->flow = GRUB_GOES_ON;
	return false;
}

static void run_while(struct grub *grub, struct grub_cursor *cursor, bool execute, bool until)
{
	const struct grub_cursor start = *cursor;
	bool goes_on;

	do {
		*cursor = start;
		if (run_list(grub, cursor, execute) != DO) {
			bad_syntax(grub);
			return;
		}
		goes_on = execute && grub->flow == GRUB_GOES_ON && (grub->status == 0) != until;
	} while (run_body(grub, cursor, goes_on));
}

/* The words up to the end of the command. NULL if they are not to be had; that is all the same to a caller who only
 * walks over them. */
static char **take_words(struct grub *grub, struct grub_cursor *cursor, bool execute, unsigned int *nr)
{
	struct grub_words words;

	grub_words_begin(grub, &words);
	for (;;) {
		grub_skip_blanks(grub, cursor);
		if (grub_is_command_end(cursor) || *cursor->at == '{')
			break;
		grub_take_word(grub, cursor, execute ? &words : NULL);
	}
	*nr = words.nr;
	return execute ? grub_words_end(grub, &words) : NULL;
}

/* Behind "for": NAME in WORDS; do LIST; done. */
static void run_for(struct grub *grub, struct grub_cursor *cursor, bool execute)
{
	size_t used = grub->scratch.used;
	struct grub_cursor body;
	unsigned int nr;
	char **words = take_words(grub, cursor, execute, &nr);
	unsigned int next = 2; /* behind NAME and "in" */

	grub_skip_separators(grub, cursor);
	if (take_keyword(cursor) != DO) {
		bad_syntax(grub);
		return;
	}
	body = *cursor;
	do {
		bool has_next = words != NULL && next < nr;

		*cursor = body;
		if (has_next)
			grub_set(grub, words[0], strlen(words[0]), words[next++]);
		execute = has_next;
	} while (run_body(grub, cursor, execute));
	grub->scratch.used = used;
}

/* Behind "function": NAME { LIST }. */
static void define_function(struct grub *grub, struct grub_cursor *cursor, bool execute)
{
	struct grub_function *function;
	const char *name;
	size_t len;

	grub_skip_blanks(grub, cursor);
	name = cursor->at;
	grub_take_word(grub, cursor, NULL);
	len = (size_t)(cursor->at - name);
	grub_skip_separators(grub, cursor);
	if (cursor->at == cursor->end || *cursor->at != '{')
		return;
	if (!execute) {
		(void)grub_take_block(grub, cursor);
		return;
	}
	function = arena_alloc(grub->arena, sizeof(*function));
	if (function == NULL) {
		grub_out_of_memory(grub);
		return;
	}
	function->name = grub_keep(grub, name, len);
	function->body = grub_take_block(grub, cursor);
	function->next = grub->scope.functions;
	grub->scope.functions = function;
}

static void run_command(struct grub *grub, struct grub_cursor *cursor, bool execute)
{
	size_t used = grub->scratch.used;
	struct grub_cursor block;
	unsigned int nr;
	char **words = take_words(grub, cursor, execute, &nr);
	bool has_block = cursor->at < cursor->end && *cursor->at == '{';

	if (has_block)
		block = grub_take_block(grub, cursor);
	if (words != NULL && nr > 0)
		grub_command(grub, nr, words, has_block ? &block : NULL);
	grub->scratch.used = used;
}

/* Runs commands up to a keyword that ends the list, which is taken. */
static enum keyword run_list(struct grub *grub, struct grub_cursor *cursor, bool execute)
{
	if (grub->depth == MAX_DEPTH)
		grub_end(grub, "is nested too deeply");
	grub->depth++;
	for (;;) {
		bool runs = execute && grub->flow == GRUB_GOES_ON;
		enum keyword keyword;

		if (grub->flow == GRUB_ENDS)
			cursor->at = cursor->end;
		grub_skip_separators(grub, cursor);
		keyword = take_keyword(cursor);
		switch (keyword) {
		case NO_KEYWORD:
			run_command(grub, cursor, runs);
			break;
		case IF:
			run_if(grub, cursor, runs);
			break;
		case WHILE:
		case UNTIL:
			run_while(grub, cursor, runs, keyword == UNTIL);
			break;
		case FOR:
			run_for(grub, cursor, runs);
			break;
		case FUNCTION:
			define_function(grub, cursor, runs);
			break;
		default:
			grub->depth--;
			return keyword;
		}
	}
}

void grub_run(struct grub *grub, struct grub_cursor text)
{
	while (run_list(grub, &text, true) != TEXT_END)
		; /* a keyword that ends nothing is passed over */
}
