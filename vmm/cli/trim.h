/* What only the start needed. */
#ifndef VMM_CLI_TRIM_H
#define VMM_CLI_TRIM_H

/* Unmaps the program's own code and constants; what is used again comes back from the page cache, a few pages of it. A
 * VM runs for months on those, while the start went through readers of kernels, decompressors and tables. Main thread.
 */
void trim_program(void);

#endif
