#include "vmm/cli/net_option.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cli/net_keys.h"
#include "vmm/cli/say.h"
#include "vmm/cli/size.h"
#include "vmm/cli/suggest.h"

static const struct kind {
	const char *word;
	enum mote_net_kind kind;
	const char *named; /* what is to follow "word=", or NULL */
} kinds[] = {
	{ "tap", MOTE_NET_TAP, "the name of a tap, or fd:N with a descriptor's number" },
	{ "bridge", MOTE_NET_BRIDGE, "the name of a bridge" },
	{ "macvtap", MOTE_NET_MACVTAP, "the name of an interface" },
	{ "nat", MOTE_NET_NAT, NULL },
	{ "user", MOTE_NET_USER, NULL },
};
#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static int say_unknown(const char *text, const char *word)
{
	const char *names[NR_KINDS];
	const char *near;

	for (size_t i = 0; i < NR_KINDS; i++)
		names[i] = kinds[i].word;
	near = suggest(word, names, NR_KINDS);
	if (near)
		say("--net %s: there is no '%s': did you mean '%s'?", text, word, near);
	else
		say("--net %s: there is no '%s': begin with user, nat, bridge=NAME, tap=NAME or macvtap=NAME", text,
		    word);
	return -EINVAL;
}

/* "3" or "3:4:5": a tap's descriptors. */
static int parse_descriptors(const char *text, char *numbers, struct mote_net *net)
{
	char *number, *rest = numbers;

	while ((number = strsep(&rest, ":")) != NULL) {
		unsigned int fd;

		if (count_parse(number, &fd) < 0 || fd > INT_MAX) {
			say("--net %s: '%s' is not a descriptor's number: write tap=fd:3, or tap=fd:3:4 for two queues",
			    text, number);
			return -EINVAL;
		}
		if (net->nr_fds == MOTE_MAX_NET_QUEUES) {
			say("--net %s: these are too many descriptors: at most %d are possible", text,
			    MOTE_MAX_NET_QUEUES);
			return -EINVAL;
		}
		net->fds[net->nr_fds++] = (int)fd;
	}
	return 0;
}

/* The first word: the kind, and what it is connected to. */
static int parse_kind(const char *text, char *word, struct mote_net *net)
{
	char *name = strchr(word, '=');
	const struct kind *kind = kinds;

	if (name)
		*name++ = '\0';
	while (kind < kinds + NR_KINDS && strcmp(word, kind->word) != 0)
		kind++;
	if (kind == kinds + NR_KINDS)
		return say_unknown(text, word);
	if (!kind->named && name) {
		say("--net %s: '%s' takes no name: write --net %s", text, word, word);
		return -EINVAL;
	}
	if (kind->named && (!name || *name == '\0')) {
		say("--net %s: '%s' needs a value: %s=, with %s", text, word, word, kind->named);
		return -EINVAL;
	}
	net->kind = kind->kind;
	/* No interface has a colon in its name. */
	if (kind->kind == MOTE_NET_TAP && name && strncmp(name, "fd:", 3) == 0)
		return parse_descriptors(text, name + 3, net);
	net->name = name;
	return 0;
}

int net_option_parse(const char *text, struct net_option *out)
{
	struct mote_net net = { 0 };
	char *storage, *rest;
	int rc;

	storage = strdup(text);
	if (!storage) {
		say("no memory for --net");
		return -ENOMEM;
	}
	rest = storage;
	rc = parse_kind(text, option_next_word(&rest), &net);
	while (rc == 0 && rest)
		rc = option_apply("--net", text, net_keys, &net, option_next_word(&rest));
	if (rc < 0) {
		free(storage);
		return rc;
	}
	*out = (struct net_option){ .net = net, .storage = storage };
	return 0;
}

void net_option_fini(struct net_option *option)
{
	free(option->storage);
	*option = (struct net_option){ 0 };
}
