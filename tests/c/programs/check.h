/* What the programs of this folder share: a check that ends them, and a client for the sandbox that the test started.
 */
#ifndef CHECK_H
#define CHECK_H

#include <smileid_jobs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                        \
    }                                                                 \
  } while (0)

static inline smileid_client_t *client_from_env(void) {
  smileid_client_t *client = NULL;
  CHECK(smileid_client_from_env(NULL, &client, NULL) == SMILEID_OK);
  return client;
}

static inline smileid_poll_options_t quick_poll(uint64_t retry_count, uint64_t delay_ms) {
  smileid_poll_options_t options;
  smileid_poll_options_init(&options, sizeof options);
  options.retry_count = retry_count;
  options.initial_delay_ms = options.max_delay_ms = delay_ms;
  return options;
}

static inline int same(const char *text, const char *expected) { return text && !strcmp(text, expected); }

/* Frees the error and says whether it was about this argument. */
static inline int refused(smileid_error_t *error, const char *argument) {
  const int is =
      smileid_error_code(error) == SMILEID_ERROR_INVALID_ARGUMENT && same(smileid_error_argument(error), argument);
  smileid_error_free(error);
  return is;
}

static inline double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static inline void sleep_ms(long ms) {
  struct timespec left = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&left, &left)) continue;
}

#endif
