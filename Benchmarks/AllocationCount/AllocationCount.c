// Stands in front of glibc's allocator in the one program that is linked with it.
#include "AllocationCount.h"
#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static uint64_t bytes, count;

static void note(size_t size) {
    __atomic_fetch_add(&bytes, size, __ATOMIC_RELAXED);
    __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
}

void *malloc(size_t size) {
    note(size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    note(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    note(size);
    return __libc_realloc(old, size);
}

int posix_memalign(void **place, size_t alignment, size_t size) {
    note(size);
    *place = __libc_memalign(alignment, size);
    return *place ? 0 : ENOMEM;
}

uint64_t allocated_bytes(void) { return __atomic_load_n(&bytes, __ATOMIC_RELAXED); }
uint64_t allocations(void) { return __atomic_load_n(&count, __ATOMIC_RELAXED); }
