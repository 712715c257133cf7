/* Ends with calls in flight in four threads and on an event loop: `exit return`, `exit exit`, `exit quick`, `exit main-thread`. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <unistd.h>

#include "check.h"

static void *stall(void *client) {
  smileid_poll_options_t options = quick_poll(1000, 60000);
  smileid_status_t *status = NULL;
  smileid_poll_job_status(client, "user-exit", "stall", &options, NULL, &status, NULL);
  return NULL;
}

static void *stream(void *client) {
  smileid_watch_t *watch = NULL;
  smileid_update_t *update = NULL;
  if (!smileid_watch_job_status(client, "user-exit", "stall", NULL, &watch, NULL))
    smileid_watch_next(watch, NULL, &update, NULL);
  return NULL;
}

static void never(void *user_data, int32_t code, smileid_status_t *status, smileid_error_t *error) {
  (void)user_data, (void)code, (void)status, (void)error;
  CHECK(!"it was told");
}

static void *leave(void *unused) {
  (void)unused;
  sleep_ms(50);
  exit(0);
}

int main(int count, char **arguments) {
  smileid_client_t *client = client_from_env();
  smileid_event_loop_t *event_loop = NULL;
  pthread_t threads[5];
  int at;
  CHECK(count == 2 && !smileid_event_loop_new(&event_loop, NULL));
  CHECK(!smileid_get_job_status_start(event_loop, client, "user-exit", "stall", NULL, NULL, never, NULL, NULL));
  for (at = 0; at < 4; at++) CHECK(!pthread_create(&threads[at], NULL, at % 2 ? stream : stall, client));
  sleep_ms(60);
  CHECK(!smileid_event_loop_turn(event_loop));
  if (!strcmp(arguments[1], "exit")) exit(0);
  if (!strcmp(arguments[1], "quick")) _exit(0);
  if (!strcmp(arguments[1], "main-thread")) {
    CHECK(!pthread_create(&threads[4], NULL, leave, NULL));
    pthread_exit(NULL);
  }
  return 0;
}
