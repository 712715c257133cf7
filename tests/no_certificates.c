/* Preloaded into a program, hides the machine's CA certificates from it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

static int is_hidden(const char *path) {
  static const char *const stores[] = {"/etc/ssl/", "/etc/pki/", "/etc/security/certificates", "/opt/etc/ssl/"};
  for (size_t i = 0; i < sizeof stores / sizeof *stores; i++)
    if (!strncmp(path, stores[i], strlen(stores[i]))) return 1;
  return 0;
}

static int opened(const char *name, const char *path, int flags, mode_t mode) {
  if (is_hidden(path)) return errno = ENOENT, -1;
  int (*next)(const char *, int, ...);
  *(void **)&next = dlsym(RTLD_NEXT, name);
  return next(path, flags, mode);
}

#define OPEN(name)                                            \
  int name(const char *path, int flags, ...) {                \
    va_list rest;                                             \
    va_start(rest, flags);                                    \
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                             \
    return opened(#name, path, flags, mode);                  \
  }
OPEN(open)
OPEN(open64)

DIR *opendir(const char *path) {
  if (is_hidden(path)) return errno = ENOENT, NULL;
  DIR *(*next)(const char *);
  *(void **)&next = dlsym(RTLD_NEXT, "opendir");
  return next(path);
}
