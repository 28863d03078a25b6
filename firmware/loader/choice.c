#include "firmware/loader/choice.h"

#include "firmware/core/print.h"

void choice_set(struct choice *choice, const struct entries *entries, unsigned int index,
		const struct choice_append *append)
{
	const char *arguments = entries->list[index].arguments;

	choice->index = index;
	(void)print_to(choice->arguments, sizeof(choice->arguments), "%s%s%.*s", arguments,
		       arguments[0] != '\0' && append->len > 0 ? " " : "", (int)append->len, append->text);
}
