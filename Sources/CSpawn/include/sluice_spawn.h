#ifndef SLUICE_SPAWN_H
#define SLUICE_SPAWN_H

#include <sys/types.h>

/* Starts a program, looked for in PATH, at the head of a process group of its own: standard input is empty, output and errors go to `output`,
   no other descriptor goes along, signals are as from a shell. `directory` may be NULL. Returns 0, or what went wrong as in errno. */
int sluice_spawn(pid_t *pid, const char *program, char *const arguments[], char *const environment[], const char *directory, int output);

#endif
