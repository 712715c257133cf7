/* The log: its levels, and a search of what every verb logs, however it ends, for all that is private. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>

#include "check.h"

#define USER "user-CANARY"
#define MOST 4000

static smileid_client_t *client;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *lines[MOST], *secrets[MOST];
static size_t line_count, secret_count;
static int32_t lowest;

static void keep(int32_t level, const char *message, void *user_data) {
  CHECK(user_data == &lowest);
  CHECK(!pthread_mutex_lock(&lock));
  CHECK(line_count < MOST && (lines[line_count++] = strdup(message)));
  if (level > lowest) lowest = level;
  CHECK(!pthread_mutex_unlock(&lock));
}

static void secret(const char *text) {
  if (text && *text) CHECK(secret_count < MOST && (secrets[secret_count++] = strdup(text)));
}

static void learn(const smileid_status_t *status) {
  size_t at;
  secret(smileid_status_timestamp(status));
  secret(smileid_status_signature(status));
  secret(smileid_status_selfie_image(status));
  for (at = 0; at < smileid_status_liveness_image_count(status); at++)
    secret(smileid_status_liveness_image_at(status, at));
}

/* Takes a call's status and error over. */
static void ended(smileid_status_t *status, smileid_error_t *error) {
  learn(status);
  learn(smileid_error_last_status(error));
  smileid_status_free(status);
  smileid_error_free(error);
}

static size_t logged(int32_t level) {
  smileid_status_t *status = NULL;
  const size_t before = line_count;
  lowest = 0;
  smileid_set_log_callback(level, keep, &lowest);
  CHECK(!smileid_get_job_status(client, USER, "complete", NULL, NULL, &status, NULL));
  smileid_status_free(status);
  smileid_set_log_callback(SMILEID_LOG_OFF, NULL, NULL);
  return line_count - before;
}

/* What a call does is told at DEBUG: neither above it nor after the callback is gone. */
static void levels(void) {
  int32_t level;
  for (level = -1; level < SMILEID_LOG_DEBUG; level++) CHECK(!logged(level));
  CHECK(logged(SMILEID_LOG_DEBUG) && lowest == SMILEID_LOG_DEBUG);
  CHECK(logged(99) && lowest >= SMILEID_LOG_DEBUG);
  CHECK(!logged(SMILEID_LOG_WARNING));
}

static smileid_wait_options_t quick(const char *callback_url) {
  smileid_wait_options_t options;
  smileid_wait_options_init(&options, sizeof options);
  options.initial_delay_ms = options.max_delay_ms = 1;
  options.retry_count = 2;
  options.return_image_links = options.return_history = 1;
  options.callback_url = callback_url;
  return options;
}

static void statuses(const char *job, const char *callback_url) {
  smileid_status_options_t once;
  smileid_poll_options_t poll = quick_poll(1, 1);
  const smileid_wait_options_t wait = quick(callback_url);
  smileid_status_t *status = NULL;
  smileid_error_t *error = NULL;
  smileid_status_options_init(&once, sizeof once);
  once.return_image_links = poll.return_image_links = 1;
  once.callback_url = poll.callback_url = callback_url;
  smileid_get_job_status(client, USER, job, &once, NULL, &status, &error);
  ended(status, error);
  smileid_poll_job_status(client, USER, job, &poll, NULL, &status, &error);
  ended(status, error);
  smileid_wait_until_complete(client, USER, job, &wait, NULL, &status, &error);
  ended(status, error);
}

static void watches(const char *job, const char *callback_url) {
  const smileid_wait_options_t options = quick(callback_url);
  smileid_watch_t *watch = NULL;
  smileid_update_t *update = NULL;
  smileid_error_t *error = NULL;
  CHECK(!smileid_watch_job_status(client, USER, job, &options, &watch, NULL));
  while (!smileid_watch_next(watch, NULL, &update, &error) && update) {
    learn(smileid_update_status(update));
    smileid_update_free(update);
  }
  ended(NULL, error);
  smileid_watch_free(watch);
}

static void steps(const char *job, const char *callback_url) {
  smileid_wait_options_t options = quick(callback_url);
  smileid_step_t *step = NULL, *other = NULL;
  smileid_error_t *error = NULL;
  smileid_poll_step(client, USER, job, &options, NULL, &step, &error);
  ended(NULL, error);
  learn(smileid_step_status(step));
  if (smileid_step_token(step)) {
    options.token = smileid_step_token(step);
    secret(options.token);
    CHECK(smileid_poll_step(client, USER, "other", &options, NULL, &other, &error) == SMILEID_ERROR_TOKEN_MISMATCH);
    ended(NULL, error);
  }
  smileid_step_free(step);
}

static void many_jobs(const char *const *jobs, size_t count) {
  smileid_many_options_t options;
  smileid_many_t *many = NULL;
  smileid_outcome_t *outcome = NULL;
  size_t at;
  smileid_many_options_init(&options, sizeof options);
  options.initial_delay_ms = options.max_delay_ms = 1;
  options.retry_count = 2;
  options.return_image_links = 1;
  CHECK(!smileid_poll_many(client, &options, &many, NULL));
  for (at = 0; at < count; at++) CHECK(!smileid_many_add(many, USER, jobs[at], NULL));
  CHECK(!smileid_many_add(many, USER, "", NULL) && !smileid_notify(client, USER, "never", NULL));
  for (at = 0; !smileid_many_next(many, NULL, &outcome, NULL) && outcome; at++) {
    learn(smileid_outcome_status(outcome));
    learn(smileid_error_last_status(smileid_outcome_error(outcome)));
    smileid_outcome_free(outcome);
  }
  CHECK(at == count + 1);
  smileid_many_free(many);
}

static int32_t download(const char *job, const char *directory) {
  smileid_status_options_t once;
  smileid_download_options_t options;
  smileid_status_t *status = NULL;
  smileid_images_t *images = NULL;
  smileid_error_t *error = NULL;
  int32_t code;
  smileid_status_options_init(&once, sizeof once);
  once.return_image_links = 1;
  smileid_download_options_init(&options, sizeof options);
  options.directory = directory;
  options.refresh = 1;
  CHECK(!smileid_get_job_status(client, USER, job, &once, NULL, &status, NULL));
  code = smileid_download_images(client, status, &options, NULL, &images, &error);
  ended(status, error);
  smileid_images_free(images);
  return code;
}

static void callbacks(void) {
  static const char form[] = "{\"FullName\":\"CANARY\",\"timestamp\":\"%s\",\"%s\":\"%s\"}";
  static const char *const names[] = {"signature", "none"};
  size_t at;
  for (at = 0; at < 2; at++) {
    char body[300];
    smileid_signed_t *pair = NULL;
    smileid_callback_t *callback = NULL;
    smileid_error_t *error = NULL;
    int length;
    CHECK(!smileid_sign(getenv("SMILEID_PARTNER_ID"), getenv("SMILEID_API_KEY"), NULL, &pair, NULL));
    secret(smileid_signed_timestamp(pair));
    secret(smileid_signed_signature(pair));
    length = snprintf(body, sizeof body, form, smileid_signed_timestamp(pair), names[at], smileid_signed_signature(pair));
    CHECK(!smileid_verify_callback(client, (uint8_t *)body, (size_t)length, SMILEID_NO_LIMIT, &callback, &error) ==
          !at);
    smileid_callback_free(callback);
    smileid_error_free(error);
    smileid_signed_free(pair);
  }
}

static int told(const char *message) {
  size_t at;
  for (at = 0; at < line_count; at++)
    if (strstr(lines[at], message)) return 1;
  return 0;
}

static void search(void) {
  static const char *const events[] = {"answered", "failed", "retrying", "waiting", "delivered the callback"};
  size_t at, other;
  for (at = 0; at < sizeof events / sizeof *events; at++) {
    if (!told(events[at])) fprintf(stderr, "not logged: %s\n", events[at]);
  }
  for (at = 0; at < line_count; at++) {
    for (other = 0; other < secret_count; other++) {
      if (strstr(lines[at], secrets[other])) fprintf(stderr, "private: %s\n", lines[at]);
    }
    free(lines[at]);
  }
  for (other = 0; other < secret_count; other++) free(secrets[other]);
}

static void print(int32_t level, const char *message, void *unused) {
  (void)unused;
  printf("%d %s\n", (int)level, message);
}

/* Prints what making a client logs up to a level. */
static void warn(int32_t level) {
  smileid_client_options_t options;
  smileid_client_options_init(&options, sizeof options);
  options.partner_id = "001", options.api_key = "key", options.environment = "sandbox";
  smileid_set_log_callback(level, print, NULL);
  CHECK(!smileid_client_new(&options, &client, NULL));
  smileid_client_free(client);
}

/* log URL DIRECTORY: the sandbox's, and one to write images to. Or: log LEVEL. */
int main(int count, char **arguments) {
  static const char *const jobs[] = {"complete",  "images",       "flaky-503-1", "bad-signature", "legacy-complete",
                                     "no-zip",    "unauthorized", "not-json",    "reset",         "job-CANARY"};
  const size_t job_count = sizeof jobs / sizeof *jobs;
  char receiver[200];
  size_t at;
  if (count == 2) return warn(atoi(arguments[1])), 0;
  CHECK(count == 3);
  client = client_from_env();
  levels();
  secret("CANARY"), secret(arguments[1]), secret(arguments[2]), secret("/images/"), secret("/receive/");
  secret(getenv("SMILEID_API_KEY"));
  smileid_set_log_callback(SMILEID_LOG_TRACE, keep, &lowest);
  for (at = 0; at < job_count; at++) {
    snprintf(receiver, sizeof receiver, "%s/receive/flaky-500-1/%s", arguments[1], jobs[at]);
    statuses(jobs[at], receiver);
    watches(jobs[at], receiver);
    steps(jobs[at], receiver);
  }
  many_jobs(jobs, job_count);
  CHECK(!download("images", NULL) && !download("images", arguments[2]));
  CHECK(download("images", arguments[2]) == SMILEID_ERROR_IO); /* the files are there */
  CHECK(download("expired-links", NULL) == SMILEID_ERROR_IMAGE_LINK_EXPIRED);
  CHECK(download("page-links", NULL) == SMILEID_ERROR_IMAGE_REFUSED);
  callbacks();
  smileid_client_close(client);
  smileid_shutdown(2000);
  smileid_set_log_callback(SMILEID_LOG_OFF, NULL, NULL);
  CHECK(secret_count > 50);
  search();
  smileid_client_free(client);
  return 0;
}
