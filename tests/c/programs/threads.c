/* Calls ended from other threads, a client shared by eight, signals during a call, shutdown. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "check.h"

typedef struct {
  const smileid_client_t *client;
  const smileid_cancel_token_t *token;
  const char *job_id;
  int32_t code;
  double ended_ms;
} waiting_call;

/* Polls a job that is never ready, for minutes. */
static void *wait_long(void *context) {
  waiting_call *call = context;
  smileid_poll_options_t options = quick_poll(1000, 60000);
  smileid_status_t *status = NULL;
  call->code =
      smileid_poll_job_status(call->client, "user-threads", call->job_id, &options, call->token, &status, NULL);
  call->ended_ms = now_ms();
  CHECK(!status);
  return NULL;
}

/* Starts two such calls, ends them with `end` and says how long that took at most. */
static double end_two(const smileid_client_t *client, const smileid_cancel_token_t *token, int32_t expected,
                      void (*end)(const void *), const void *ended) {
  waiting_call calls[2] = {{client, token, "never", 0, 0}, {client, token, "stall", 0, 0}};
  pthread_t threads[2];
  double start;
  int at;
  for (at = 0; at < 2; at++) CHECK(!pthread_create(&threads[at], NULL, wait_long, &calls[at]));
  sleep_ms(80);
  start = now_ms();
  end(ended);
  for (at = 0; at < 2; at++) {
    CHECK(!pthread_join(threads[at], NULL));
    CHECK(calls[at].code == expected);
  }
  return (calls[0].ended_ms > calls[1].ended_ms ? calls[0] : calls[1]).ended_ms - start;
}

static void by_token(const void *token) { smileid_cancel_token_cancel(token); }
static void by_close(const void *client) { smileid_client_close(client); }
static void by_shutdown(const void *unused) {
  (void)unused;
  smileid_shutdown(1000);
}

/* A cancelled token sends nothing, whoever would drive the call: this thread, or the library's while another one waits.
 * The test looks into the sandbox's log. */
static void cancelled_before(const smileid_client_t *client, const smileid_cancel_token_t *token) {
  smileid_cancel_token_t *other = NULL;
  smileid_status_t *status = NULL;
  waiting_call call = {client, NULL, "never", 0, 0};
  pthread_t thread;
  int at;
  CHECK(smileid_get_job_status(client, "user-threads", "before", NULL, token, &status, NULL) ==
        SMILEID_ERROR_CANCELLED);
  CHECK(!smileid_cancel_token_new(&other, NULL));
  call.token = other;
  CHECK(!pthread_create(&thread, NULL, wait_long, &call));
  sleep_ms(80);
  for (at = 0; at < 1000; at++) {
    CHECK(smileid_get_job_status(client, "user-threads", "before", NULL, token, &status, NULL) ==
          SMILEID_ERROR_CANCELLED);
  }
  smileid_cancel_token_cancel(other);
  CHECK(!pthread_join(thread, NULL));
  smileid_cancel_token_free(other);
}

static void ended_from_elsewhere(void) {
  smileid_client_t *client = client_from_env();
  smileid_cancel_token_t *token = NULL;
  smileid_status_t *status = NULL;
  CHECK(!smileid_cancel_token_new(&token, NULL) && smileid_cancel_token_is_cancelled(token) == 0);
  /* One token ends several calls; generous bounds, for the machine may be busy. */
  CHECK(end_two(client, token, SMILEID_ERROR_CANCELLED, by_token, token) < 200);
  CHECK(smileid_cancel_token_is_cancelled(token) == 1);
  cancelled_before(client, token);
  smileid_cancel_token_free(token);
  /* The client works on after a cancelled call, after a shutdown, and not after a close. */
  CHECK(end_two(client, NULL, SMILEID_ERROR_CLIENT_CLOSED, by_shutdown, NULL) < 1200);
  CHECK(!smileid_get_job_status(client, "user-threads", "complete", NULL, NULL, &status, NULL));
  smileid_status_free(status);
  CHECK(end_two(client, NULL, SMILEID_ERROR_CLIENT_CLOSED, by_close, client) < 200);
  CHECK(smileid_get_job_status(client, "user-threads", "complete", NULL, NULL, &status, NULL) ==
        SMILEID_ERROR_CLIENT_CLOSED);
  smileid_client_free(client);
}

static void *ask_often(void *client) {
  int at;
  for (at = 0; at < 20; at++) {
    smileid_status_t *status = NULL;
    CHECK(!smileid_get_job_status(client, "user-threads", "complete", NULL, NULL, &status, NULL));
    CHECK(same(smileid_result_result_code(smileid_status_result(status)), "0810"));
    smileid_status_free(status);
  }
  return NULL;
}

/* All threads read one status for the first time at the same moment. */
static void *read_all(void *status) {
  CHECK(same(smileid_result_result_code(smileid_status_result(status)), "0810"));
  CHECK(smileid_status_json(status) && smileid_status_history_at(status, 0) &&
        smileid_status_liveness_image_at(status, 0));
  return NULL;
}

static void eight_at_once(void *(*work)(void *), void *shared) {
  pthread_t threads[8];
  int at;
  for (at = 0; at < 8; at++) CHECK(!pthread_create(&threads[at], NULL, work, shared));
  for (at = 0; at < 8; at++) CHECK(!pthread_join(threads[at], NULL));
}

static void shared_by_eight(void) {
  smileid_client_t *client = client_from_env();
  smileid_status_t *status = NULL;
  smileid_status_options_t options;
  smileid_status_options_init(&options, sizeof options);
  options.return_history = options.return_image_links = 1;
  eight_at_once(ask_often, client);
  CHECK(!smileid_get_job_status(client, "user-threads", "complete", &options, NULL, &status, NULL));
  eight_at_once(read_all, status);
  smileid_status_free(status);
  smileid_client_free(client);
}

static volatile sig_atomic_t signals;
static void count_signal(int number) {
  (void)number;
  signals++;
}

static struct sigaction before[32];

static void look_at_signals(struct sigaction *found) {
  int number;
  for (number = 1; number < 32; number++) CHECK(!sigaction(number, NULL, &found[number]));
}

/* A signal that the host handles does not end a call, and the library has no handlers of its own. */
static void signals_are_the_hosts(void) {
  smileid_client_t *client = client_from_env();
  smileid_status_t *status = NULL;
  struct sigaction handled, after[32];
  int number;
  memset(&handled, 0, sizeof handled);
  handled.sa_handler = count_signal;
  CHECK(!sigaction(SIGALRM, &handled, NULL));
  alarm(1);
  CHECK(!smileid_get_job_status(client, "user-threads", "slow-1100ms", NULL, NULL, &status, NULL) && signals == 1);
  smileid_status_free(status);
  smileid_client_free(client);
  look_at_signals(after);
  for (number = 1; number < 32; number++) {
    CHECK(number == SIGALRM || after[number].sa_handler == before[number].sa_handler);
  }
}

int main(void) {
  look_at_signals(before);
  ended_from_elsewhere();
  shared_by_eight();
  signals_are_the_hosts();
  smileid_shutdown(2000);
  return 0;
}
