/* A panic inside the library is an error, and the client works on. Needs a library with the feature `testing`. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

static void ended(void *code_told, int32_t code, smileid_status_t *status, smileid_error_t *error) {
  *(int32_t *)code_told = code;
  CHECK(!status == !!code);
  smileid_status_free(status), smileid_error_free(error);
}

/* The event loop works on, too. */
static void in_an_event_loop(const smileid_client_t *client) {
  const char *const jobs[] = {"testing-panic", "complete"};
  const int32_t codes[] = {SMILEID_ERROR_INTERNAL, SMILEID_OK};
  smileid_event_loop_t *event_loop = NULL;
  int at;
  CHECK(!smileid_event_loop_new(&event_loop, NULL));
  for (at = 0; at < 2; at++) {
    int32_t code = -1;
    CHECK(!smileid_get_job_status_start(event_loop, client, "user-panic", jobs[at], NULL, NULL, ended, &code, NULL));
    while (!smileid_event_loop_turn(event_loop)) sleep_ms(1);
    CHECK(code == codes[at]);
  }
  smileid_event_loop_free(event_loop);
}

int main(void) {
  smileid_client_t *client = client_from_env();
  smileid_status_t *status = (void *)0x5a5a;
  smileid_error_t *error = NULL;
  CHECK(smileid_get_job_status(client, "user-panic", "testing-panic", NULL, NULL, &status, &error) ==
        SMILEID_ERROR_INTERNAL);
  CHECK(!status && same(smileid_error_name(error), "internal") && smileid_error_message(error));
  smileid_error_free(error);
  CHECK(smileid_poll_job_status(client, "user-panic", "testing-panic", NULL, NULL, &status, NULL) ==
        SMILEID_ERROR_INTERNAL);
  CHECK(!smileid_get_job_status(client, "user-panic", "complete", NULL, NULL, &status, NULL));
  smileid_status_free(status);
  in_an_event_loop(client);
  smileid_client_free(client);
  return 0;
}
