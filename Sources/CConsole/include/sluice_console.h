#ifndef SLUICE_CONSOLE_H
#define SLUICE_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

// The files of the console, as they lie in page/, inside the program: it works wherever the binary is moved to.

typedef struct {
    /// As the page names it, e.g. `console.css`.
    const char *name;
    const char *content_type;
    const uint8_t *bytes;
    size_t length;
} sluice_console_file;

extern const size_t sluice_console_file_count;

/// `index` is below `sluice_console_file_count`.
const sluice_console_file *sluice_console_file_at(size_t index);

#endif
