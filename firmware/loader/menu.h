/* The menu of boot entries, on the console. */
#ifndef FIRMWARE_LOADER_MENU_H
#define FIRMWARE_LOADER_MENU_H

#include <stddef.h>

#include "firmware/config/entry.h"
#include "firmware/loader/choice.h"

/* Lets the user choose an entry, `choice` to begin with, and edit its arguments. */
void menu_run(const struct entries *entries, const struct choice_append *append, struct choice *choice);

#endif
