/* Says which variables of the environment each function reads: this getenv stands before the C library's. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

extern char **environ;
static const char *volatile function = "nobody";

char *getenv(const char *name) {
  const size_t length = strlen(name);
  char **at;
  printf("%s %s\n", function, name);
  for (at = environ; *at; at++) {
    if (!strncmp(*at, name, length) && (*at)[length] == '=') return *at + length + 1;
  }
  return NULL;
}

int main(void) {
  smileid_client_options_t options;
  smileid_client_t *client = NULL;
  smileid_status_t *status = NULL;
  smileid_event_loop_t *loop = NULL;
  smileid_many_t *many = NULL;
  smileid_outcome_t *outcome = NULL;
  smileid_client_options_init(&options, sizeof options);
  options.partner_id = "001";
  options.api_key = "key";
  options.environment = "sandbox";
  function = "smileid_client_new";
  CHECK(!smileid_client_new(&options, &client, NULL));
  smileid_client_free(client);
  function = "smileid_client_from_env";
  client = client_from_env();
  function = "smileid_get_job_status";
  CHECK(!smileid_get_job_status(client, "user-environment", "complete", NULL, NULL, &status, NULL));
  smileid_status_free(status);
  function = "smileid_event_loop_new";
  CHECK(!smileid_event_loop_new(&loop, NULL));
  smileid_event_loop_free(loop);
  function = "smileid_many_next";
  CHECK(!smileid_poll_many(client, NULL, &many, NULL) && !smileid_many_add(many, "user-environment", "complete", NULL));
  CHECK(!smileid_many_next(many, NULL, &outcome, NULL) && outcome);
  smileid_outcome_free(outcome);
  smileid_many_free(many);
  smileid_client_free(client);
  return 0;
}
