/* Polls one job to its end and prints what came of it. */
#include <smileid_jobs.h>
#include <stdio.h>

static const char *or_dash(const char *text) { return text ? text : "-"; }
int main(void) {
  smileid_client_t *client;
  smileid_status_t *status = NULL;
  smileid_error_t *error;
  smileid_poll_options_t poll;
  smileid_poll_options_init(&poll, sizeof poll);
  poll.return_history = poll.return_image_links = 1;
  poll.initial_delay_ms = 200;
  /* SMILEID_PARTNER_ID, SMILEID_API_KEY, and SMILEID_ENVIRONMENT or SMILEID_BASE_URL */
  int code = smileid_client_from_env(NULL, &client, &error);
  if (!code) code = smileid_poll_job_status(client, "user-1", "pending-2", &poll, NULL, &status, &error);
  if (code) {
    fprintf(stderr, "%s: %s\n", smileid_error_name(error), smileid_error_message(error));
  } else if (smileid_status_job_complete(status)) {
    const smileid_result_t *result = smileid_status_result(status);
    printf("succeeded: %s (code %s, %s)\n", smileid_status_job_success(status) == 1 ? "true" : "false",
           or_dash(smileid_result_result_code(result)), or_dash(smileid_result_result_text(result)));
    printf("history: %zu results\n", smileid_status_history_count(status));
    printf("images: selfie and %zu liveness\n", smileid_status_liveness_image_count(status));
  } else {
    puts("not ready yet; ask again later");
  }
  smileid_error_free(error), smileid_status_free(status), smileid_client_free(client);
  return code != 0;
}
