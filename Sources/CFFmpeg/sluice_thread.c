#define _GNU_SOURCE
#include "sluice_ffmpeg.h"

#include <pthread.h>
#include <sys/resource.h>

void sluice_thread_settle(const char *name, int nice) {
#ifdef __linux__
    pthread_setname_np(pthread_self(), name);
    // On Linux 0 means the calling thread, not the process.
    setpriority(PRIO_PROCESS, 0, nice);
#else
    pthread_setname_np(name);
    (void)nice;
#endif
}
