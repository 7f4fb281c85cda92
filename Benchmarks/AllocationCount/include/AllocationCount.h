#pragma once
#include <stdint.h>

/// Bytes asked of malloc and its like since the start of the program.
uint64_t allocated_bytes(void);
/// How often.
uint64_t allocations(void);
