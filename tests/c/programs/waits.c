/* Waits, watches, many jobs, steps, downloads and callbacks on many threads: shared, woken, cancelled, closed, freed. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdatomic.h>

#include "check.h"

#define HOUR 3600000u
#define THREADS 8

static smileid_client_t *client;
static atomic_int done;

static smileid_wait_options_t waiting(uint64_t delay_ms) {
  smileid_wait_options_t options;
  smileid_wait_options_init(&options, sizeof options);
  options.initial_delay_ms = options.max_delay_ms = delay_ms;
  options.timeout_ms = SMILEID_NO_LIMIT;
  return options;
}

static smileid_many_t *many_jobs(const smileid_client_t *of, uint64_t delay_ms) {
  smileid_many_options_t options;
  smileid_many_t *many = NULL;
  smileid_many_options_init(&options, sizeof options);
  options.initial_delay_ms = options.max_delay_ms = delay_ms;
  options.timeout_ms = SMILEID_NO_LIMIT;
  CHECK(!smileid_poll_many(of, &options, &many, NULL));
  return many;
}

static smileid_watch_t *watching(const smileid_client_t *of, const char *user, const char *job, uint64_t delay_ms) {
  const smileid_wait_options_t options = waiting(delay_ms);
  smileid_watch_t *watch = NULL;
  CHECK(!smileid_watch_job_status(of, user, job, &options, &watch, NULL));
  return watch;
}

/* The next outcome's job is over and well; 0 at the end. */
static int took(const smileid_many_t *many) {
  smileid_outcome_t *outcome = NULL;
  CHECK(!smileid_many_next(many, NULL, &outcome, NULL));
  if (!outcome) return 0;
  CHECK(smileid_status_job_complete(smileid_outcome_status(outcome)) == 1);
  smileid_outcome_free(outcome);
  return 1;
}

/* The attempt of the next update; 0 at the end. */
static uint32_t saw(const smileid_watch_t *watch) {
  smileid_update_t *update = NULL;
  uint32_t attempt;
  CHECK(!smileid_watch_next(watch, NULL, &update, NULL));
  attempt = smileid_update_attempt(update);
  smileid_update_free(update);
  return attempt;
}

static smileid_status_t *linked(const char *user, const char *job) {
  smileid_status_options_t options;
  smileid_status_t *status = NULL;
  smileid_status_options_init(&options, sizeof options);
  options.return_image_links = 1;
  CHECK(!smileid_get_job_status(client, user, job, &options, NULL, &status, NULL));
  return status;
}

static void steps(const char *user) {
  char token[200] = "";
  int at, finished = 0;
  for (at = 1; !finished; at++) {
    smileid_wait_options_t options = waiting(1);
    smileid_step_t *step = NULL;
    if (*token) options.token = token;
    CHECK(!smileid_poll_step(client, user, "pending-3", &options, NULL, &step, NULL));
    finished = smileid_step_is_finished(step);
    if (!finished) strcpy(token, smileid_step_token(step));
    smileid_step_free(step);
  }
  CHECK(at == 5);
}

static void callback(void) {
  static const char form[] = "{\"ResultCode\":\"0810\",\"timestamp\":\"%s\",\"signature\":\"%s\"}";
  char body[300];
  smileid_signed_t *pair = NULL;
  smileid_callback_t *read = NULL;
  int length;
  CHECK(!smileid_sign(getenv("SMILEID_PARTNER_ID"), getenv("SMILEID_API_KEY"), NULL, &pair, NULL));
  length = snprintf(body, sizeof body, form, smileid_signed_timestamp(pair), smileid_signed_signature(pair));
  CHECK(!smileid_verify_callback(client, (uint8_t *)body, (size_t)length, HOUR, &read, NULL));
  CHECK(same(smileid_result_result_code(smileid_callback_result(read)), "0810"));
  smileid_callback_free(read);
  *strstr(body, "signature\":\"") = 'S';
  CHECK(smileid_verify_callback(client, (uint8_t *)body, (size_t)length, HOUR, &read, NULL) ==
        SMILEID_ERROR_SIGNATURE_MISMATCH);
  CHECK(!read);
  smileid_signed_free(pair);
}

/* Every verb, again and again, in one of the threads that share the client. */
static void *every_verb(void *number) {
  int round, at;
  for (round = 0; round < 3; round++) {
    const smileid_wait_options_t options = waiting(2);
    char user[60];
    smileid_status_t *status = NULL;
    smileid_images_t *images = NULL;
    smileid_watch_t *watch;
    smileid_many_t *many = many_jobs(client, 2);
    size_t length = 0;
    snprintf(user, sizeof user, "user-waits-%d-%d", *(int *)number, round);
    for (at = 0; at < 6; at++) CHECK(!smileid_many_add(many, user, at % 2 ? "pending-1" : "complete", NULL));
    CHECK(!smileid_notify(client, user, "pending-1", NULL));
    CHECK(!smileid_wait_until_complete(client, user, "pending-4", &options, NULL, &status, NULL));
    CHECK(smileid_status_job_complete(status) == 1);
    smileid_status_free(status);
    watch = watching(client, user, "pending-2", 2);
    for (at = 1; at <= 3; at++) CHECK(saw(watch) == (uint32_t)at);
    CHECK(!saw(watch));
    smileid_watch_free(watch);
    steps(user);
    callback();
    status = linked(user, "images");
    CHECK(!smileid_download_images(client, status, NULL, NULL, &images, NULL) && smileid_images_count(images) > 1);
    CHECK(smileid_images_data(images, 0, &length) && length > 10);
    smileid_status_free(status);
    smileid_images_free(images);
    for (at = 0; at < 6; at++) CHECK(took(many));
    CHECK(!took(many));
    smileid_many_free(many);
  }
  return NULL;
}

static void every_verb_in_every_thread(void) {
  pthread_t threads[THREADS];
  int numbers[THREADS], at;
  for (at = 0; at < THREADS; at++) {
    numbers[at] = at;
    CHECK(!pthread_create(&threads[at], NULL, every_verb, &numbers[at]));
  }
  for (at = 0; at < THREADS; at++) CHECK(!pthread_join(threads[at], NULL));
}

typedef struct {
  const smileid_watch_t *watch;
  const smileid_many_t *many;
  atomic_int updates, outcomes;
} shared;

static void *take_all(void *context) {
  shared *both = context;
  while (took(both->many)) atomic_fetch_add(&both->outcomes, 1);
  while (saw(both->watch)) atomic_fetch_add(&both->updates, 1);
  return NULL;
}

/* One watch and one poll_many, taken from by all threads: each item is handed out once. */
static void streams_shared_by_threads(void) {
  smileid_watch_t *watch = watching(client, "user-waits", "pending-20", 1);
  smileid_many_t *many = many_jobs(client, 1);
  shared both = {watch, many, 0, 0};
  pthread_t threads[THREADS];
  char job[30];
  int at;
  for (at = 0; at < 40; at++) {
    snprintf(job, sizeof job, "pending-%d", at % 7 + 1);
    CHECK(!smileid_many_add(many, "user-waits-shared", job, NULL));
  }
  for (at = 0; at < THREADS; at++) CHECK(!pthread_create(&threads[at], NULL, take_all, &both));
  for (at = 0; at < THREADS; at++) CHECK(!pthread_join(threads[at], NULL));
  CHECK(atomic_load(&both.outcomes) == 40 && atomic_load(&both.updates) == 21);
  smileid_watch_free(watch);
  smileid_many_free(many);
}

static void *wait_for_hours(void *unused) {
  const smileid_wait_options_t options = waiting(HOUR);
  smileid_status_t *status = NULL;
  (void)unused;
  CHECK(!smileid_wait_until_complete(client, "user-woken-1", "pending-1", &options, NULL, &status, NULL));
  smileid_status_free(status);
  atomic_fetch_add(&done, 1);
  return NULL;
}

static void *watch_for_hours(void *unused) {
  smileid_watch_t *watch = watching(client, "user-woken-2", "pending-1", HOUR);
  (void)unused;
  CHECK(saw(watch) == 1 && saw(watch) == 2 && !saw(watch));
  smileid_watch_free(watch);
  atomic_fetch_add(&done, 1);
  return NULL;
}

static void *poll_for_hours(void *unused) {
  smileid_many_t *many = many_jobs(client, HOUR);
  (void)unused;
  CHECK(!smileid_many_add(many, "user-woken-3", "pending-1", NULL));
  CHECK(took(many) && !took(many));
  smileid_many_free(many);
  atomic_fetch_add(&done, 1);
  return NULL;
}

/* Without a notify, each of them would sleep for an hour. */
static void woken_from_another_thread(void) {
  void *(*const work[3])(void *) = {wait_for_hours, watch_for_hours, poll_for_hours};
  pthread_t threads[3];
  int at;
  for (at = 0; at < 3; at++) CHECK(!pthread_create(&threads[at], NULL, work[at], NULL));
  while (atomic_load(&done) < 3) {
    sleep_ms(2);
    CHECK(!smileid_notify(client, "user-woken-1", "pending-1", NULL));
    CHECK(!smileid_notify(client, "user-woken-2", "pending-1", NULL));
    CHECK(!smileid_notify(client, "user-woken-3", "pending-1", NULL));
  }
  for (at = 0; at < 3; at++) CHECK(!pthread_join(threads[at], NULL));
}

static const smileid_cancel_token_t *token;
static smileid_status_t *stalling;

static int32_t cancelled_wait(const char *job) {
  const smileid_wait_options_t options = waiting(HOUR);
  smileid_status_t *status = NULL;
  return smileid_wait_until_complete(client, "user-waits", job, &options, token, &status, NULL);
}

static void *wait_asleep(void *code) { return *(int32_t *)code = cancelled_wait("never"), NULL; }
static void *wait_stalled(void *code) { return *(int32_t *)code = cancelled_wait("stall"), NULL; }

static void *step_stalled(void *code) {
  smileid_step_t *step = NULL;
  *(int32_t *)code = smileid_poll_step(client, "user-waits", "stall", NULL, token, &step, NULL);
  CHECK(!step);
  return NULL;
}

static void *download_stalled(void *code) {
  smileid_images_t *images = NULL;
  *(int32_t *)code = smileid_download_images(client, stalling, NULL, token, &images, NULL);
  CHECK(!images);
  return NULL;
}

static void *watch_asleep(void *code) {
  smileid_watch_t *watch = watching(client, "user-waits", "never", HOUR);
  smileid_update_t *update = NULL;
  CHECK(saw(watch) == 1);
  *(int32_t *)code = smileid_watch_next(watch, token, &update, NULL);
  CHECK(!update && !saw(watch));
  smileid_watch_free(watch);
  return NULL;
}

static void *many_stalled(void *code) {
  smileid_many_t *many = many_jobs(client, HOUR);
  smileid_outcome_t *outcome = NULL;
  CHECK(!smileid_many_add(many, "user-waits", "stall", NULL));
  *(int32_t *)code = smileid_many_next(many, token, &outcome, NULL);
  CHECK(!outcome && !took(many));
  smileid_many_free(many);
  return NULL;
}

/* One token, from another thread, ends all that waits; the client works on. */
static void cancelled_from_another_thread(void) {
  void *(*const work[6])(void *) = {wait_asleep,      wait_stalled, step_stalled,
                                    download_stalled, watch_asleep, many_stalled};
  smileid_cancel_token_t *own = NULL;
  pthread_t threads[6];
  int32_t codes[6] = {0};
  int at;
  CHECK(!smileid_cancel_token_new(&own, NULL));
  token = own;
  stalling = linked("user-waits", "stalling-images");
  for (at = 0; at < 6; at++) CHECK(!pthread_create(&threads[at], NULL, work[at], &codes[at]));
  sleep_ms(150);
  smileid_cancel_token_cancel(own);
  for (at = 0; at < 6; at++) {
    CHECK(!pthread_join(threads[at], NULL));
    CHECK(codes[at] == SMILEID_ERROR_CANCELLED);
  }
  smileid_cancel_token_free(own);
  smileid_status_free(stalling);
  smileid_status_free(linked("user-waits", "complete"));
}

static void *close_it(void *other) {
  smileid_client_close(other);
  return NULL;
}

static void *free_it(void *other) {
  smileid_client_free(other);
  return NULL;
}

/* Streams in full flight are freed at the moment at which their client is closed, or freed, in another thread. */
static void freed_while_the_client_closes(void) {
  int round;
  for (round = 0; round < 30; round++) {
    smileid_client_t *other = client_from_env();
    smileid_watch_t *watch = watching(other, "user-freed", "never", 1);
    smileid_many_t *many = many_jobs(other, 1);
    pthread_t closing;
    int at;
    for (at = 0; at < 4; at++) CHECK(!smileid_many_add(many, "user-freed", at % 2 ? "stall" : "never", NULL));
    CHECK(!smileid_many_add(many, "user-freed", "complete", NULL));
    CHECK(took(many) && saw(watch) == 1);
    CHECK(!pthread_create(&closing, NULL, round % 2 ? free_it : close_it, other));
    if (round % 3 == 1) smileid_watch_close(watch), smileid_many_close(many);
    smileid_many_free(many);
    smileid_watch_free(watch);
    CHECK(!pthread_join(closing, NULL));
    if (round % 2 == 0) smileid_client_free(other);
  }
}

static void *next_until_closed(void *watch) {
  smileid_update_t *update = NULL;
  int32_t code = 0;
  do {
    smileid_update_free(update);
    code = smileid_watch_next(watch, NULL, &update, NULL);
  } while (!code && update);
  CHECK(code == SMILEID_ERROR_CLIENT_CLOSED && !update);
  return NULL;
}

static void *take_until_closed(void *many) {
  smileid_outcome_t *outcome = NULL;
  CHECK(!smileid_many_next(many, NULL, &outcome, NULL));
  CHECK(smileid_error_code(smileid_outcome_error(outcome)) == SMILEID_ERROR_CLIENT_CLOSED);
  smileid_outcome_free(outcome);
  CHECK(!smileid_many_next(many, NULL, &outcome, NULL) && !outcome);
  return NULL;
}

/* Threads that wait for the next item when the client is freed are told, and outlive it. */
static void freed_under_those_who_wait(void) {
  smileid_client_t *other = client_from_env();
  smileid_watch_t *watches[2];
  smileid_many_t *many = many_jobs(other, HOUR);
  pthread_t threads[3];
  int at;
  watches[0] = watching(other, "user-freed", "never", 2);
  watches[1] = watching(other, "user-freed", "stall", 2);
  CHECK(!smileid_many_add(many, "user-freed", "stall", NULL));
  for (at = 0; at < 2; at++) CHECK(!pthread_create(&threads[at], NULL, next_until_closed, watches[at]));
  CHECK(!pthread_create(&threads[2], NULL, take_until_closed, many));
  sleep_ms(80);
  smileid_client_free(other);
  for (at = 0; at < 3; at++) CHECK(!pthread_join(threads[at], NULL));
  for (at = 0; at < 2; at++) smileid_watch_free(watches[at]);
  smileid_many_free(many);
}

int main(void) {
  client = client_from_env();
  every_verb_in_every_thread();
  streams_shared_by_threads();
  woken_from_another_thread();
  cancelled_from_another_thread();
  freed_while_the_client_closes();
  freed_under_those_who_wait();
  smileid_client_free(client);
  smileid_shutdown(2000);
  return 0;
}
