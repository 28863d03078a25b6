/* Text for the console's user, at once. */
#ifndef FIRMWARE_LOADER_CONSOLE_H
#define FIRMWARE_LOADER_CONSOLE_H

/* As print(), but lines end in \r\n. */
__attribute__((format(printf, 1, 2))) void console_print(const char *format, ...);

/* As print(), to whoever asked for a report. */
__attribute__((format(printf, 1, 2))) void report_print(const char *format, ...);

#endif
