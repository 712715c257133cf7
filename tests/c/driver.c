/* Plays cases through smileid_jobs.h: the column `c`. */
#include <smileid_jobs.h>
#include <stdlib.h>
#include <string.h>

#include "play.h"

static void put_error(const smileid_error_t *error) {
  const smileid_status_t *last_status = smileid_error_last_status(error);
  const smileid_error_t *last_error = smileid_error_last_error(error);
  const char *cause = smileid_error_cause(error);
  /* What people log: tests/run.py searches it for what must never stand there. */
  fprintf(stderr, "%s: %s (%s)\n", smileid_error_name(error), smileid_error_message(error), cause ? cause : "-");
  if (smileid_error_code(error) == SMILEID_ERROR_CANCELLED) {
    put_raw("cancelled", "true");
    return;
  }
  put_raw("error", "");
  put_open();
  put_text("code", smileid_error_name(error));
  put_integer("number", smileid_error_code(error), SMILEID_OK);
  put_text("class", NULL);
  put_text("argument", smileid_error_argument(error));
  put_text("message", smileid_error_message(error));
  put_text("phase", smileid_error_phase(error));
  put_text("reason", smileid_error_reason(error));
  put_integer("http_status", smileid_error_http_status(error), SMILEID_UNSET);
  put_text("api_code", smileid_error_api_code(error));
  put_integer("retry_after_ms", smileid_error_retry_after_ms(error), SMILEID_UNSET);
  put_integer("attempts", smileid_error_attempts(error), SMILEID_UNSET);
  put_raw("last_status", last_status ? smileid_status_json(last_status) : "null");
  put_text("last_error", last_error ? smileid_error_name(last_error) : NULL);
  put_close();
}

static int make_client(const play_case *play, smileid_client_t **client, smileid_error_t **error) {
  smileid_client_options_t options;
  smileid_client_options_init(&options, sizeof options);
  options.partner_id = play_text(play, "partner_id");
  options.api_key = play_text(play, "api_key");
  options.environment = play_text(play, "environment");
  options.base_url = play_text(play, "base_url");
  options.ca_bundle = play_text(play, "ca_bundle");
  options.proxy = play_text(play, "proxy");
  options.connect_timeout_ms = play_number(play, "connect_timeout_ms", options.connect_timeout_ms);
  options.request_timeout_ms = play_number(play, "request_timeout_ms", options.request_timeout_ms);
  options.max_retries = play_number(play, "max_retries", options.max_retries);
  options.max_connections = play_number(play, "max_connections", options.max_connections);
  options.max_response_bytes = play_number(play, "max_response_bytes", options.max_response_bytes);
  options.bundled_roots = (int32_t)play_number(play, "bundled_roots", (uint64_t)options.bundled_roots);
  options.trust_env = (int32_t)play_number(play, "trust_env", (uint64_t)options.trust_env);
  return smileid_client_new(&options, client, error);
}

static int get(const play_case *play, const smileid_client_t *client, const smileid_cancel_token_t *cancel,
               smileid_status_t **status, smileid_error_t **error) {
  smileid_status_options_t options;
  smileid_status_options_init(&options, sizeof options);
  options.timeout_ms = play_number(play, "timeout_ms", options.timeout_ms);
  options.return_history = (int32_t)play_number(play, "return_history", 0);
  options.return_image_links = (int32_t)play_number(play, "return_image_links", 0);
  options.return_job_status = (int32_t)play_number(play, "return_job_status", 0);
  options.callback_url = play_text(play, "callback_url");
  return smileid_get_job_status(client, play_text(play, "user_id"), play_text(play, "job_id"), &options, cancel, status,
                                error);
}

static int poll(const play_case *play, const smileid_client_t *client, const smileid_cancel_token_t *cancel,
                smileid_status_t **status, smileid_error_t **error) {
  smileid_poll_options_t options;
  smileid_poll_options_init(&options, sizeof options);
  options.timeout_ms = play_number(play, "timeout_ms", options.timeout_ms);
  options.retry_count = play_number(play, "retry_count", options.retry_count);
  options.initial_delay_ms = play_number(play, "initial_delay_ms", options.initial_delay_ms);
  options.max_delay_ms = play_number(play, "max_delay_ms", options.max_delay_ms);
  options.return_history = (int32_t)play_number(play, "return_history", 0);
  options.return_image_links = (int32_t)play_number(play, "return_image_links", 0);
  options.return_job_status = (int32_t)play_number(play, "return_job_status", 0);
  options.callback_url = play_text(play, "callback_url");
  return smileid_poll_job_status(client, play_text(play, "user_id"), play_text(play, "job_id"), &options, cancel,
                                 status, error);
}

static int wait(const play_case *play, const smileid_client_t *client, const smileid_cancel_token_t *cancel,
                smileid_status_t **status, smileid_error_t **error) {
  smileid_wait_options_t options;
  smileid_wait_options_init(&options, sizeof options);
  options.timeout_ms = play_number(play, "timeout_ms", options.timeout_ms);
  options.retry_count = play_number(play, "retry_count", options.retry_count);
  options.initial_delay_ms = play_number(play, "initial_delay_ms", options.initial_delay_ms);
  options.max_delay_ms = play_number(play, "max_delay_ms", options.max_delay_ms);
  options.return_history = (int32_t)play_number(play, "return_history", 0);
  options.return_image_links = (int32_t)play_number(play, "return_image_links", 0);
  options.return_job_status = (int32_t)play_number(play, "return_job_status", 0);
  options.callback_url = play_text(play, "callback_url");
  return smileid_wait_until_complete(client, play_text(play, "user_id"), play_text(play, "job_id"), &options, cancel,
                                     status, error);
}

static void cancel_now(void *token) { smileid_cancel_token_cancel(token); }
static void close_now(void *client) { smileid_client_close(client); }

/* Whose wait is woken. */
typedef struct {
  const smileid_client_t *client;
  const char *user_id, *job_id;
} waiting;
static void notify_now(void *context) {
  const waiting *wait = context;
  if (smileid_notify(wait->client, wait->user_id, wait->job_id, NULL)) abort();
}

/* The getters say what the JSON says; the JSON is what the matrix compares. */
static void check_getters(const smileid_status_t *status) {
  const char *json = smileid_status_json(status);
  const char *complete = smileid_status_job_complete(status) ? "\"job_complete\":true" : "\"job_complete\":false";
  size_t at, length = 0;
  if (!json || strncmp(json + 1, complete, strlen(complete))) abort();
  if (!smileid_status_raw(status, &length) || !length) abort();
  for (at = 0; at < smileid_status_history_count(status); at++) {
    if (!smileid_status_history_at(status, at)) abort();
  }
  if (smileid_status_history_at(status, at)) abort();
}

static void call(const play_case *play) {
  smileid_client_t *client = NULL;
  smileid_cancel_token_t *token = NULL;
  smileid_status_t *status = NULL;
  smileid_error_t *error = NULL;
  int code = make_client(play, &client, &error);
  waiting woken;
  woken.client = client;
  woken.user_id = play_text(play, "user_id");
  woken.job_id = strcmp(play->interrupt, "notify") ? "other" : play_text(play, "job_id");
  if (!code && strcmp(play->what, "client")) {
    if (smileid_cancel_token_new(&token, NULL)) abort();
    if (!strcmp(play->interrupt, "cancel")) play_on_interrupt(cancel_now, token);
    if (!strcmp(play->interrupt, "close")) play_on_interrupt(close_now, client);
    if (!strcmp(play->interrupt, "close_before")) smileid_client_close(client);
    if (!strncmp(play->interrupt, "notify", 6)) play_on_interrupt(notify_now, &woken);
    code = (!strcmp(play->what, "get_job_status") ? get : strcmp(play->what, "poll_job_status") ? wait : poll)(
        play, client, token, &status, &error);
    play_on_interrupt(NULL, NULL);
  }
  if (code != smileid_error_code(error) || (code && status)) abort();
  if (code) {
    put_error(error);
  } else if (play->accept_only) {
    put_raw("accepted", "true");
  } else {
    check_getters(status);
    put_raw("status", smileid_status_json(status));
  }
  smileid_error_free(error);
  smileid_status_free(status);
  smileid_cancel_token_free(token);
  smileid_client_free(client);
}

static void sign(const play_case *play) {
  const char *partner_id = play_text(play, "partner_id"), *api_key = play_text(play, "api_key");
  const char *timestamp = play_text(play, "timestamp");
  smileid_signed_t *pair = NULL;
  smileid_error_t *error = NULL;
  int32_t confirmed = 0;
  if (smileid_sign(partner_id, api_key, timestamp, &pair, &error)) {
    put_error(error);
  } else if (play->accept_only) {
    put_raw("accepted", "true");
  } else if (smileid_confirm_signature(partner_id, api_key, timestamp, play_text(play, "signature"), &confirmed,
                                       &error)) {
    put_error(error);
  } else {
    if (!play->confirm_only) put_text("signature", smileid_signed_signature(pair));
    put_raw("confirmed", confirmed ? "true" : "false");
  }
  smileid_error_free(error);
  smileid_signed_free(pair);
}

static void run(const play_case *play) { (strcmp(play->what, "signature") ? call : sign)(play); }

int main(void) {
  play_all(run);
  return 0;
}
