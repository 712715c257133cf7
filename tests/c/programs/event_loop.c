/* Queries on a loop of the program's own, which is poll(2) on one descriptor: how they start, end, and are told. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <poll.h>
#include <pthread.h>

#include "check.h"

enum { PATIENCE_MS = 20000, QUIET_MS = 150 };

static smileid_client_t *client;
static smileid_event_loop_t *loop;
static int is_starting, is_in_turn;

typedef struct {
  int told;
  int complete;
  int32_t code;
} tally;

static void count(void *user_data, int32_t code, smileid_status_t *status, smileid_error_t *error) {
  tally *ends = user_data;
  CHECK(is_in_turn && !is_starting);
  CHECK(smileid_error_code(error) == code && !status == !!code);
  ends->told++;
  ends->complete += smileid_status_job_complete(status) == 1;
  ends->code = code;
  smileid_status_free(status);
  smileid_error_free(error);
}

static void never(void *user_data, int32_t code, smileid_status_t *status, smileid_error_t *error) {
  (void)user_data, (void)code, (void)status, (void)error;
  CHECK(!"it was told");
}

static void start_with(const smileid_client_t *asked, const char *user_id, const char *job_id,
                       const smileid_status_options_t *options, const smileid_cancel_token_t *token,
                       smileid_ended_callback_t done, void *user_data) {
  smileid_error_t *error = NULL;
  is_starting++;
  CHECK(!smileid_get_job_status_start(loop, asked, user_id, job_id, options, token, done, user_data, &error) && !error);
  is_starting--;
}

static void start(const char *job_id, tally *ends) {
  start_with(client, "user-loop", job_id, NULL, NULL, count, ends);
}

static int readable(int ms) {
  struct pollfd watched = {0, POLLIN, 0};
  watched.fd = smileid_event_loop_fd(loop);
  CHECK(watched.fd >= 0);
  return poll(&watched, 1, ms);
}

static size_t turn(void) {
  size_t called;
  is_in_turn = 1;
  called = smileid_event_loop_turn(loop);
  is_in_turn = 0;
  return called;
}

static void until(const tally *ends, int told) {
  const double patience = now_ms() + PATIENCE_MS;
  while (ends->told < told) {
    CHECK(now_ms() < patience);
    if (readable(100)) turn();
  }
  CHECK(ends->told == told);
}

/* Turns for as long as there is something to do, which must come to an end. */
static void settle(void) {
  const double patience = now_ms() + PATIENCE_MS;
  while (readable(QUIET_MS)) {
    CHECK(now_ms() < patience);
    turn();
  }
}

static void many_in_one_thread(void) {
  tally good = {0}, bad = {0};
  int at;
  for (at = 0; at < 200; at++) start("complete", &good);
  for (at = 0; at < 20; at++) start("status-400", &bad);
  CHECK(!good.told && !bad.told);
  until(&good, 200);
  until(&bad, 20);
  CHECK(good.complete == 200 && bad.code == SMILEID_ERROR_REJECTED);
}

/* With nothing to do nobody is woken, be it before, between or after queries. */
static void quiet(void) {
  tally ends = {0};
  CHECK(!readable(QUIET_MS) && !turn());
  start("complete", &ends);
  until(&ends, 1);
  settle();
  start("slow-900ms", &ends);
  settle();
  CHECK(ends.told == 1);
  until(&ends, 2);
}

/* What ends as it is started is told by a turn too, and the loop learns that it needs one. */
static void ends_at_once(void) {
  smileid_cancel_token_t *token = NULL;
  smileid_status_options_t options;
  tally cancelled = {0}, wrong = {0};
  smileid_status_options_init(&options, sizeof options);
  options.timeout_ms = (uint64_t)1 << 60;
  CHECK(!smileid_cancel_token_new(&token, NULL));
  smileid_cancel_token_cancel(token);
  start_with(client, "user-loop", "before", NULL, token, count, &cancelled);
  smileid_cancel_token_free(token);
  CHECK(readable(PATIENCE_MS) && turn() == 1 && cancelled.code == SMILEID_ERROR_CANCELLED);
  start_with(client, "user-loop", "before", &options, NULL, count, &wrong);
  CHECK(readable(PATIENCE_MS) && turn() == 1 && wrong.code == SMILEID_ERROR_INVALID_ARGUMENT);
  start_with(client, "user-loop", "\n", NULL, NULL, count, &wrong);
  CHECK(readable(PATIENCE_MS) && turn() == 1 && wrong.code == SMILEID_ERROR_INVALID_ARGUMENT && wrong.told == 2);
}

/* What no loop drives alone is told through it all the same: what polls, and what goes through a proxy. */
static void others_than_lone_queries(void) {
  smileid_client_options_t proxied;
  smileid_status_options_t options;
  smileid_client_t *behind = NULL;
  tally ends = {0}, failed = {0};
  smileid_status_options_init(&options, sizeof options);
  options.return_job_status = 1;
  smileid_client_options_init(&proxied, sizeof proxied);
  proxied.proxy = "http://127.0.0.1:9";
  proxied.base_url = "https://smileid.example";
  proxied.max_retries = 0;
  CHECK(!smileid_client_from_env(&proxied, &behind, NULL));
  start_with(client, "user-loop", "complete", &options, NULL, count, &ends);
  start_with(behind, "user-loop", "complete", NULL, NULL, count, &failed);
  until(&ends, 1);
  until(&failed, 1);
  CHECK(ends.complete == 1 && failed.code == SMILEID_ERROR_CONNECT);
  smileid_client_free(behind);
}

static void *cancel_soon(void *token) {
  sleep_ms(100);
  smileid_cancel_token_cancel(token);
  return NULL;
}

static void *close_soon(void *closed) {
  sleep_ms(100);
  smileid_client_close(closed);
  return NULL;
}

/* A token and a close, from another thread, end queries that the loop drives and those that it does not. */
static void ended_from_elsewhere(void) {
  void *(*const ways[])(void *) = {cancel_soon, close_soon};
  const int32_t codes[] = {SMILEID_ERROR_CANCELLED, SMILEID_ERROR_CLIENT_CLOSED};
  smileid_status_options_t options;
  int at;
  smileid_status_options_init(&options, sizeof options);
  options.return_job_status = 1;
  for (at = 0; at < 2; at++) {
    smileid_client_t *asked = client_from_env();
    smileid_cancel_token_t *token = NULL;
    tally ends = {0};
    pthread_t thread;
    double before = now_ms();
    CHECK(!smileid_cancel_token_new(&token, NULL));
    start_with(asked, "user-loop", "stall", NULL, token, count, &ends);
    start_with(asked, "user-loop", "stall", &options, token, count, &ends);
    CHECK(!pthread_create(&thread, NULL, ways[at], at ? (void *)asked : (void *)token));
    until(&ends, 2);
    CHECK(ends.code == codes[at] && now_ms() - before > 90 && now_ms() - before < 5000);
    CHECK(!pthread_join(thread, NULL));
    smileid_cancel_token_free(token);
    smileid_client_free(asked);
  }
}

/* A token need not live on, and a deadline wakes the loop. */
static void tokens_and_deadlines(void) {
  smileid_cancel_token_t *token = NULL;
  smileid_status_options_t options;
  tally ends = {0}, late = {0};
  smileid_status_options_init(&options, sizeof options);
  options.timeout_ms = 200;
  CHECK(!smileid_cancel_token_new(&token, NULL));
  start_with(client, "user-loop", "slow-100ms", NULL, token, count, &ends);
  smileid_cancel_token_free(token);
  start_with(client, "user-loop", "stall", &options, NULL, count, &late);
  until(&ends, 1);
  until(&late, 1);
  CHECK(ends.complete == 1 && late.code == SMILEID_ERROR_TIMEOUT);
}

typedef struct {
  tally ends;
  smileid_client_t *own;
  smileid_cancel_token_t *cancelled;
  int left;
} chain;

static void go_on(void *user_data, int32_t code, smileid_status_t *status, smileid_error_t *error) {
  chain *links = user_data;
  CHECK(links->ends.told % 2 ? code == SMILEID_ERROR_CANCELLED : !code);
  count(&links->ends, code, status, error);
  if (--links->left) {
    start_with(client, "user-loop", "complete", NULL, links->ends.told % 2 ? links->cancelled : NULL, go_on, links);
  } else {
    smileid_client_free(links->own);
    smileid_cancel_token_free(links->cancelled);
  }
  CHECK(!smileid_event_loop_turn(loop)); /* no callback within a callback, also when there is an end to tell */
}

/* Callbacks start queries, some of which end at once, and free clients whose queries are running. */
static void callbacks_go_on(void) {
  chain links = {{0}, NULL, NULL, 40};
  tally closed = {0};
  links.own = client_from_env();
  CHECK(!smileid_cancel_token_new(&links.cancelled, NULL));
  smileid_cancel_token_cancel(links.cancelled);
  start_with(links.own, "user-loop", "stall", NULL, NULL, count, &closed);
  start_with(client, "user-loop", "complete", NULL, NULL, go_on, &links);
  until(&links.ends, 40);
  until(&closed, 1);
  CHECK(closed.code == SMILEID_ERROR_CLIENT_CLOSED && !links.left);
}

/* A shutdown ends the queries, and the loop goes on with what comes later: connections, deadlines. */
static void outlives_a_shutdown(void) {
  smileid_status_options_t options;
  tally closed = {0}, ends = {0}, late = {0};
  smileid_status_options_init(&options, sizeof options);
  options.timeout_ms = 1000;
  start_with(client, "user-loop", "stall", &options, NULL, count, &closed);
  smileid_shutdown(2000);
  until(&closed, 1);
  CHECK(closed.code == SMILEID_ERROR_CLIENT_CLOSED);
  start_with(client, "user-loop", "stall", &options, NULL, count, &late);
  start("complete", &ends);
  until(&ends, 1);
  until(&late, 1);
  CHECK(ends.complete == 1 && late.code == SMILEID_ERROR_TIMEOUT);
}

static int descriptors(void) {
  DIR *folder = opendir("/proc/self/fd");
  int found = 0;
  CHECK(folder);
  while (readdir(folder)) found++;
  closedir(folder);
  return found;
}

/* A loop that ends takes its queries along: those that run, and those whose end was not told yet. */
static void freed_with_queries(void) {
  smileid_event_loop_t *const kept = loop;
  smileid_status_options_t options;
  smileid_cancel_token_t *token = NULL;
  double patience;
  int at, before;
  smileid_status_options_init(&options, sizeof options);
  options.return_job_status = 1;
  CHECK(!smileid_cancel_token_new(&token, NULL));
  smileid_cancel_token_cancel(token);
  settle();
  before = descriptors();
  CHECK(!smileid_event_loop_new(&loop, NULL));
  for (at = 0; at < 10; at++) start_with(client, "user-freed-loop", "stall", at ? NULL : &options, NULL, never, NULL);
  settle();
  CHECK(descriptors() >= before + 10);
  start_with(client, "user-freed-loop", "before", NULL, token, never, NULL);
  smileid_event_loop_free(loop);
  loop = kept;
  /* Sooner than a request of its own accord. */
  for (patience = now_ms() + 5000; descriptors() > before; sleep_ms(5)) CHECK(now_ms() < patience);
  smileid_cancel_token_free(token);
}

static void *turn_there(void *ends) {
  until(ends, 1);
  return NULL;
}

/* One thread after another may use it. */
static void handed_over(void) {
  tally ends = {0};
  pthread_t thread;
  start("slow-100ms", &ends);
  CHECK(!pthread_create(&thread, NULL, turn_there, &ends));
  CHECK(!pthread_join(thread, NULL) && ends.complete == 1);
}

#define REFUSED(argument, loop, client, user_id, job_id, done)                                             \
  CHECK(smileid_get_job_status_start(loop, client, user_id, job_id, NULL, NULL, done, NULL, &error) ==     \
            SMILEID_ERROR_INVALID_ARGUMENT &&                                                              \
        refused(error, argument))

/* What is refused at once is not told. */
static void wrong_arguments(void) {
  smileid_client_t *closed = client_from_env();
  smileid_error_t *error = NULL;
  REFUSED("event_loop", NULL, client, "u", "j", never);
  REFUSED("client", loop, NULL, "u", "j", never);
  REFUSED("user_id", loop, client, NULL, "j", never);
  REFUSED("job_id", loop, client, "u", "\xff", never);
  REFUSED("done", loop, client, "u", "j", NULL);
  smileid_client_close(closed);
  CHECK(smileid_get_job_status_start(loop, closed, "u", "j", NULL, NULL, never, NULL, NULL) ==
        SMILEID_ERROR_CLIENT_CLOSED);
  CHECK(smileid_event_loop_new(NULL, &error) && refused(error, "event_loop"));
  CHECK(smileid_event_loop_fd(NULL) == -1 && !smileid_event_loop_turn(NULL));
  smileid_event_loop_free(NULL);
  smileid_client_free(closed);
  settle();
}

int main(void) {
  client = client_from_env();
  CHECK(!smileid_event_loop_new(&loop, NULL));
  quiet();
  many_in_one_thread();
  ends_at_once();
  others_than_lone_queries();
  ended_from_elsewhere();
  tokens_and_deadlines();
  callbacks_go_on();
  handed_over();
  wrong_arguments();
  outlives_a_shutdown();
  freed_with_queries();
  smileid_client_free(client);
  smileid_event_loop_free(loop);
  smileid_shutdown(2000);
  return 0;
}
