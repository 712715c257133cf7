/* A panic inside the library is an error, and the client works on. Needs a library with the feature `testing`. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

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
  smileid_client_free(client);
  return 0;
}
