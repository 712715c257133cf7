/* Ends with calls in flight in four threads: `exit return`, `exit exit`, `exit quick`, `exit main-thread`. */
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

static void *leave(void *unused) {
  (void)unused;
  sleep_ms(50);
  exit(0);
}

int main(int count, char **arguments) {
  smileid_client_t *client = client_from_env();
  pthread_t threads[5];
  int at;
  CHECK(count == 2);
  for (at = 0; at < 4; at++) CHECK(!pthread_create(&threads[at], NULL, at % 2 ? stream : stall, client));
  sleep_ms(60);
  if (!strcmp(arguments[1], "exit")) exit(0);
  if (!strcmp(arguments[1], "quick")) _exit(0);
  if (!strcmp(arguments[1], "main-thread")) {
    CHECK(!pthread_create(&threads[4], NULL, leave, NULL));
    pthread_exit(NULL);
  }
  return 0;
}
