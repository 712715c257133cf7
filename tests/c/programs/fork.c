/* fork() while eight threads poll: the client works in the child, and what the child does never touches the parent. */
#define _POSIX_C_SOURCE 200809L
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static smileid_client_t *client;
static atomic_int stop;
static atomic_int polls;

static void *poll_on(void *unused) {
  (void)unused;
  while (!atomic_load(&stop)) {
    smileid_poll_options_t options = quick_poll(1, 1);
    smileid_status_t *status = NULL;
    smileid_error_t *error = NULL;
    if (smileid_poll_job_status(client, "user-fork", "never", &options, NULL, &status, &error)) {
      fprintf(stderr, "parent: %s\n", smileid_error_message(error));
      _exit(1);
    }
    smileid_status_free(status);
    atomic_fetch_add(&polls, 1);
  }
  return NULL;
}

static void ask(const char *job_id) {
  smileid_poll_options_t options = quick_poll(3, 2);
  smileid_status_t *status = NULL;
  CHECK(!smileid_poll_job_status(client, "user-fork", job_id, &options, NULL, &status, NULL));
  CHECK(smileid_status_job_complete(status) == 1);
  smileid_status_free(status);
}

/* Streams belong to the process that made them: in a child they say so and never hang. */
static void streams(smileid_watch_t *watch, smileid_many_t *many) {
  smileid_update_t *update = NULL;
  smileid_outcome_t *outcome = NULL;
  alarm(20);
  CHECK(smileid_watch_next(watch, NULL, &update, NULL) == SMILEID_ERROR_CLIENT_CLOSED && !update);
  CHECK(smileid_many_add(many, "user-fork", "complete", NULL) == SMILEID_ERROR_CLIENT_CLOSED);
  CHECK(smileid_many_next(many, NULL, &outcome, NULL) == SMILEID_ERROR_CLIENT_CLOSED && !outcome);
  CHECK(!smileid_many_room(many));
  smileid_watch_free(watch);
  smileid_many_free(many);
  exit(0);
}

static void fork_with_streams(void) {
  smileid_watch_t *watch = NULL;
  smileid_many_t *many = NULL;
  smileid_update_t *update = NULL;
  smileid_outcome_t *outcome = NULL;
  pid_t pid;
  int status;
  CHECK(!smileid_watch_job_status(client, "user-fork", "never", NULL, &watch, NULL));
  CHECK(!smileid_watch_next(watch, NULL, &update, NULL) && smileid_update_attempt(update) == 1);
  smileid_update_free(update);
  CHECK(!smileid_poll_many(client, NULL, &many, NULL) && !smileid_many_add(many, "user-fork", "complete", NULL));
  pid = fork();
  CHECK(pid >= 0);
  if (!pid) streams(watch, many);
  CHECK(waitpid(pid, &status, 0) == pid && status == 0);
  CHECK(!smileid_many_next(many, NULL, &outcome, NULL) && smileid_outcome_status(outcome));
  smileid_outcome_free(outcome);
  CHECK(!smileid_many_next(many, NULL, &outcome, NULL) && !outcome);
  smileid_many_free(many);
  smileid_watch_free(watch);
}

static void keep(void *user_data, int32_t code, smileid_status_t *status, smileid_error_t *error) {
  CHECK(!code && !error);
  *(smileid_status_t **)user_data = status;
}

/* Watches until the query's end is told. */
static void turn_until(smileid_event_loop_t *event_loop, smileid_status_t *const *status) {
  struct pollfd watched = {smileid_event_loop_fd(event_loop), POLLIN, 0};
  while (!*status) {
    CHECK(poll(&watched, 1, 10000) == 1);
    smileid_event_loop_turn(event_loop);
  }
  CHECK(smileid_status_job_complete(*status) == 1);
}

/* An event loop is its own process's, and to free it in a child takes nothing out of the parent's: neither the query that
 * runs nor the connection that rests. */
static void fork_with_an_event_loop(void) {
  smileid_event_loop_t *event_loop = NULL, *own = NULL;
  smileid_status_t *status = NULL, *late = NULL, *last = NULL;
  pid_t pid;
  int ended;
  CHECK(!smileid_event_loop_new(&event_loop, NULL));
  CHECK(!smileid_get_job_status_start(event_loop, client, "user-fork", "complete", NULL, NULL, keep, &status, NULL));
  turn_until(event_loop, &status);
  CHECK(!smileid_get_job_status_start(event_loop, client, "user-fork", "slow-400ms", NULL, NULL, keep, &late, NULL));
  pid = fork();
  CHECK(pid >= 0);
  if (!pid) {
    alarm(20);
    CHECK(smileid_event_loop_fd(event_loop) == -1 && !smileid_event_loop_turn(event_loop));
    CHECK(smileid_get_job_status_start(event_loop, client, "user-fork", "complete", NULL, NULL, keep, &last, NULL) ==
          SMILEID_ERROR_CLIENT_CLOSED);
    smileid_event_loop_free(event_loop);
    CHECK(!smileid_event_loop_new(&own, NULL));
    CHECK(!smileid_get_job_status_start(own, client, "user-fork", "complete", NULL, NULL, keep, &last, NULL));
    turn_until(own, &last);
    smileid_event_loop_free(own);
    exit(0);
  }
  CHECK(waitpid(pid, &ended, 0) == pid && ended == 0);
  turn_until(event_loop, &late);
  CHECK(!smileid_get_job_status_start(event_loop, client, "user-fork", "complete", NULL, NULL, keep, &last, NULL));
  turn_until(event_loop, &last);
  smileid_event_loop_free(event_loop);
  smileid_status_free(status), smileid_status_free(late), smileid_status_free(last);
}

static pid_t forked = -1;
static smileid_event_loop_t *forked_loop;
static smileid_status_t *in_callback;
static int told_after_fork;

/* Forks in the first callback, and returns in both processes. The loop is the parent's. */
static void keep_and_fork(void *user_data, int32_t code, smileid_status_t *status, smileid_error_t *error) {
  keep(user_data, code, status, error);
  told_after_fork += forked != -1;
  if (forked == -1) {
    CHECK((forked = fork()) >= 0);
    CHECK(smileid_get_job_status_start(forked_loop, client, "user-fork", "complete", NULL, NULL, keep,
                                       &in_callback, NULL) == (forked ? SMILEID_OK : SMILEID_ERROR_CLIENT_CLOSED));
  }
}

/* A callback may fork: the child's turn leaves alone what the parent's still has to do. */
static void fork_in_a_callback(void) {
  smileid_event_loop_t *event_loop = NULL;
  smileid_status_t *statuses[40] = {NULL};
  int at, ended;
  CHECK(!smileid_event_loop_new(&event_loop, NULL));
  forked_loop = event_loop;
  for (at = 0; at < 40; at++) {
    CHECK(!smileid_get_job_status_start(event_loop, client, "user-fork", "complete", NULL, NULL, keep_and_fork,
                                        &statuses[at], NULL));
  }
  while (forked == -1) {
    struct pollfd watched = {smileid_event_loop_fd(event_loop), POLLIN, 0};
    CHECK(poll(&watched, 1, 10000) == 1);
    smileid_event_loop_turn(event_loop);
    if (!forked) exit(told_after_fork);
  }
  CHECK(waitpid(forked, &ended, 0) == forked && ended == 0);
  for (at = 0; at < 40; at++) {
    turn_until(event_loop, &statuses[at]);
    smileid_status_free(statuses[at]);
  }
  turn_until(event_loop, &in_callback);
  smileid_status_free(in_callback);
  smileid_event_loop_free(event_loop);
}

/* What a child may do with a client of its parent: use it, fork again, close it, free it, leave in any way. */
static void child(int number) {
  pid_t grandchild;
  int status = 0;
  alarm(20);
  if (number != 3) ask("complete");
  if (number == 1) {
    grandchild = fork();
    CHECK(grandchild >= 0);
    if (!grandchild) {
      alarm(20);
      ask("complete");
      exit(0);
    }
    CHECK(waitpid(grandchild, &status, 0) == grandchild && status == 0);
    ask("complete");
  }
  if (number >= 2) smileid_client_close(client);
  if (number >= 3) smileid_client_free(client);
  if (number == 4) _exit(0);
  if (number == 5) smileid_shutdown(500);
  exit(0);
}

int main(void) {
  pthread_t threads[8];
  int at, status;
  client = client_from_env();
  for (at = 0; at < 8; at++) CHECK(!pthread_create(&threads[at], NULL, poll_on, NULL));
  while (atomic_load(&polls) < 8) sleep_ms(1);
  for (at = 0; at < 12; at++) {
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (!pid) child(at % 6);
    CHECK(waitpid(pid, &status, 0) == pid);
    if (status) fprintf(stderr, "child %d ended with %d\n", at % 6, status);
    CHECK(status == 0);
  }
  at = atomic_load(&polls);
  while (atomic_load(&polls) < at + 16) sleep_ms(1);
  atomic_store(&stop, 1);
  for (at = 0; at < 8; at++) CHECK(!pthread_join(threads[at], NULL));
  ask("complete");
  fork_with_streams();
  fork_with_an_event_loop();
  fork_in_a_callback();
  smileid_client_free(client);
  return 0;
}
