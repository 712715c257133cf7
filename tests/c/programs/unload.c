/* dlopen, a call, dlclose while the runtime's threads live: they must find their code in place. */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>

#include "check.h"

static void *find(void *library, const char *name) {
  void *symbol = dlsym(library, name);
  CHECK(symbol);
  return symbol;
}

int main(int count, char **arguments) {
  int round;
  CHECK(count == 2);
  for (round = 0; round < 2; round++) {
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    int32_t (*make)(const smileid_client_options_t *, smileid_client_t **, smileid_error_t **);
    int32_t (*get)(const smileid_client_t *, const char *, const char *, const smileid_status_options_t *,
                   const smileid_cancel_token_t *, smileid_status_t **, smileid_error_t **);
    void (*free_client)(smileid_client_t *), (*free_status)(smileid_status_t *);
    smileid_client_t *client = NULL;
    smileid_status_t *status = NULL;
    CHECK(library);
    *(void **)&make = find(library, "smileid_client_from_env");
    *(void **)&get = find(library, "smileid_get_job_status");
    *(void **)&free_client = find(library, "smileid_client_free");
    *(void **)&free_status = find(library, "smileid_status_free");
    CHECK(!make(NULL, &client, NULL) && !get(client, "user-unload", "complete", NULL, NULL, &status, NULL));
    free_status(status);
    free_client(client);
    CHECK(!dlclose(library));
    sleep_ms(30);
  }
  return 0;
}
