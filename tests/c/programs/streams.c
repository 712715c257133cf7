/* Watches and many jobs: left early, cancelled, refilled from an input without end; and what the log says of them. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdatomic.h>

#include "check.h"

static smileid_client_t *client;
static atomic_int lines;

/* The log goes to stdout, where the test searches it. */
static void log_line(int32_t level, const char *message, void *prefix) {
  printf("%s %d %s\n", (const char *)prefix, (int)level, message);
  atomic_fetch_add(&lines, 1);
}

static void *cancel_soon(void *token) {
  sleep_ms(100);
  smileid_cancel_token_cancel(token);
  return NULL;
}

/* Cancelling ends a watch, and drops its request before it is freed. */
static void cancelled(void) {
  smileid_cancel_token_t *token = NULL;
  smileid_watch_t *watch = NULL;
  smileid_many_t *many = NULL;
  smileid_update_t *update = NULL;
  smileid_outcome_t *outcome = NULL;
  pthread_t thread;
  CHECK(!smileid_cancel_token_new(&token, NULL));
  CHECK(!smileid_watch_job_status(client, "user-streams", "stall", NULL, &watch, NULL));
  CHECK(!pthread_create(&thread, NULL, cancel_soon, token));
  CHECK(smileid_watch_next(watch, token, &update, NULL) == SMILEID_ERROR_CANCELLED && !update);
  CHECK(!pthread_join(thread, NULL));
  CHECK(!smileid_watch_next(watch, NULL, &update, NULL) && !update);
  CHECK(!smileid_poll_many(client, NULL, &many, NULL) && !smileid_many_add(many, "user-streams", "never", NULL));
  CHECK(smileid_many_next(many, token, &outcome, NULL) == SMILEID_ERROR_CANCELLED && !outcome);
  smileid_watch_free(watch);
  smileid_many_free(many);
  smileid_cancel_token_free(token);
}

/* An update lives on when its watch and the client are gone. */
static void left_early(void) {
  smileid_watch_t *watch = NULL;
  smileid_update_t *update = NULL;
  CHECK(!smileid_watch_job_status(client, "user-streams", "never", NULL, &watch, NULL));
  CHECK(!smileid_watch_next(watch, NULL, &update, NULL));
  smileid_watch_free(watch);
  CHECK(smileid_update_changed(update) == 1 && smileid_update_next_delay_ms(update) > 0);
  CHECK(!smileid_status_job_complete(smileid_update_status(update)));
  smileid_update_free(update);
}

/* What is closed has no room left, and says so; nothing is sent for what was added. */
static void closed(void) {
  smileid_many_t *many = NULL;
  smileid_outcome_t *outcome = NULL;
  CHECK(!smileid_poll_many(client, NULL, &many, NULL) && !smileid_many_add(many, "user-streams-ended", "never", NULL));
  CHECK(smileid_many_room(many) == 9999 && smileid_many_is_closed(many) == 0);
  smileid_many_close(many);
  CHECK(smileid_many_room(many) == 0 && smileid_many_is_closed(many) == 1);
  CHECK(!smileid_many_next(many, NULL, &outcome, NULL) && !outcome);
  smileid_many_free(many);
}

/* Nor is anything for a token that was cancelled before. */
static void cancelled_before(void) {
  smileid_cancel_token_t *token = NULL;
  smileid_many_t *many = NULL;
  smileid_outcome_t *outcome = NULL;
  CHECK(!smileid_cancel_token_new(&token, NULL));
  smileid_cancel_token_cancel(token);
  CHECK(!smileid_poll_many(client, NULL, &many, NULL) && !smileid_many_add(many, "user-streams-ended", "never", NULL));
  CHECK(smileid_many_next(many, token, &outcome, NULL) == SMILEID_ERROR_CANCELLED && !outcome);
  CHECK(smileid_many_room(many) == 0 && smileid_many_is_closed(many) == 1);
  smileid_many_free(many);
  smileid_cancel_token_free(token);
}

/* An input without end: never more than max_waiting are in memory. */
static void endless(void) {
  smileid_many_options_t options;
  smileid_many_t *many = NULL;
  smileid_outcome_t *outcome = NULL;
  size_t complete, failed, waiting, at;
  smileid_many_options_init(&options, sizeof options);
  options.max_waiting = 4;
  CHECK(!smileid_poll_many(client, &options, &many, NULL));
  for (at = 0; at < 40; at++) {
    while (smileid_many_room(many)) CHECK(!smileid_many_add(many, "user-streams", at % 2 ? "complete" : "", NULL));
    smileid_many_progress(many, NULL, NULL, &waiting);
    CHECK(waiting == 4);
    CHECK(!smileid_many_next(many, NULL, &outcome, NULL) && outcome);
    CHECK(!smileid_outcome_status(outcome) == !!smileid_outcome_error(outcome));
    smileid_outcome_free(outcome);
  }
  smileid_many_progress(many, &complete, &failed, NULL);
  CHECK(complete + failed == 40);
  smileid_many_free(many);
}

/* NULL is nothing everywhere, and an error where a handle is needed. */
static void nulls(void) {
  smileid_update_t *update = NULL;
  smileid_outcome_t *outcome = NULL;
  smileid_error_t *error = NULL;
  CHECK(smileid_watch_next(NULL, NULL, &update, &error) && refused(error, "watch"));
  CHECK(smileid_many_next(NULL, NULL, &outcome, &error) && refused(error, "many"));
  smileid_watch_free(NULL), smileid_many_free(NULL), smileid_update_free(NULL), smileid_outcome_free(NULL);
  smileid_step_free(NULL), smileid_images_free(NULL), smileid_callback_free(NULL);
  CHECK(!smileid_update_status(NULL) && !smileid_outcome_error(NULL) && !smileid_images_count(NULL));
  CHECK(!smileid_step_token(NULL) && !smileid_callback_json(NULL) && !smileid_many_room(NULL));
  CHECK(smileid_many_is_closed(NULL) == 1);
}

int main(void) {
  int round;
  client = client_from_env();
  left_early();
  CHECK(!atomic_load(&lines)); /* quiet by default */
  smileid_set_log_callback(SMILEID_LOG_TRACE, log_line, "log");
  cancelled();
  for (round = 0; round < 20; round++) cancelled_before();
  closed();
  endless();
  left_early();
  smileid_set_log_callback(SMILEID_LOG_OFF, NULL, NULL);
  CHECK(atomic_load(&lines) > 0);
  nulls();
  smileid_client_free(client);
  smileid_shutdown(2000);
  return 0;
}
