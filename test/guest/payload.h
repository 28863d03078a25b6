/* What a payload is to the runtime: one function, in ring 3 on the boot processor. The guest powers off when it
 * returns. */
#ifndef TEST_GUEST_PAYLOAD_H
#define TEST_GUEST_PAYLOAD_H

void payload_main(const char *command_line);

#endif
