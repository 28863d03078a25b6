#include "firmware/config/grub_script.h"

#include "firmware/config/places.h"
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"

/* GRUB's own, by which scripts tell what it can do: all of them are there. */
#define FEATURE "feature_"

const char *grub_get(struct grub *grub, const char *name, size_t len)
{
	for (const struct grub_variable *variable = grub->scope.variables; variable != NULL;
	     variable = variable->next) {
		grub_charge(grub, 1);
		if (strncmp(variable->name, name, len) == 0 && variable->name[len] == '\0')
			return variable->value;
	}
	return len > strlen(FEATURE) && strncmp(name, FEATURE, strlen(FEATURE)) == 0 ? "y" : "";
}

const char *grub_value(struct grub *grub, const char *name)
{
	return grub_get(grub, name, strlen(name));
}

void grub_set(struct grub *grub, const char *name, size_t len, const char *value)
{
	struct grub_variable *variable = arena_alloc(grub->arena, sizeof(*variable));

	if (variable == NULL) {
		grub_out_of_memory(grub);
		return;
	}
	variable->name = grub_keep(grub, name, len);
	variable->value = grub_keep(grub, value, strlen(value));
	variable->next = grub->scope.variables;
	grub->scope.variables = variable;
}

static bool is_in(const char *name, char **only)
{
	if (*only == NULL)
		return true;
	for (; *only != NULL; only++)
		if (strcmp(*only, name) == 0)
			return true;
	return false;
}

/* Takes a line, in which a backslash hides the character behind it, a newline too, and cuts it off in place. */
static char *take_line(char **rest)
{
	char *line = *rest;
	char *from = line;
	char *to = line;

	if (*from == '\0')
		return NULL;
	while (*from != '\0' && *from != '\n') {
		from += from[0] == '\\' && from[1] != '\0';
		*to++ = *from++;
	}
	*rest = *from == '\0' ? from : from + 1;
	*to = '\0';
	return line;
}

int grub_load_environment(struct grub *grub, const char *path, char **only)
{
	struct place_file file = grub_file(grub, path);
	char *text;
	char *line;
	int64_t rc;

	if (file.where == NULL)
		return 1;
	rc = places_read(file.where, file.path, &text);
	if (rc == FW_ENOMEM)
		grub_out_of_memory(grub);
	if (rc < 0)
		return 1;
	grub_charge(grub, (size_t)rc);
	while ((line = take_line(&text)) != NULL) {
		char *equals = strchr(line, '=');

		if (*line == '#' || equals == NULL)
			continue;
		*equals = '\0';
		if (is_in(line, only))
			grub_set(grub, line, strlen(line), equals + 1);
	}
	return 0;
}
