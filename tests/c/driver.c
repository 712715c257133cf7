/* Plays cases through smileid_jobs.h: the column `c`. */
#define _POSIX_C_SOURCE 200809L
#include <smileid_jobs.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
  put_text("message", smileid_error_message(error));
  put_text("argument", smileid_error_argument(error));
  put_text("phase", smileid_error_phase(error));
  put_text("reason", smileid_error_reason(error));
  put_raw("is_transient", smileid_error_is_transient(error) ? "true" : "false");
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

static smileid_wait_options_t waiting(const play_case *play, const char *token) {
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
  options.token = token;
  return options;
}

static void cancel_now(void *token) { smileid_cancel_token_cancel(token); }
static void close_now(void *client) { smileid_client_close(client); }

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

static void sleep_ms(int64_t ms) {
  struct timespec pause;
  pause.tv_sec = (time_t)(ms / 1000);
  pause.tv_nsec = (long)(ms % 1000) * 1000000;
  nanosleep(&pause, NULL);
}

/* What the runner wants to know of a call that worked. */
static void put_status(const play_case *play, const smileid_status_t *status) {
  if (play->accept_only) {
    put_raw("accepted", "true");
  } else {
    check_getters(status);
    put_raw("status", smileid_status_json(status));
  }
}

/* What a verb is played with; what it returns is what failed as a whole. */
typedef struct {
  const play_case *play;
  const smileid_client_t *client;
  const smileid_cancel_token_t *cancel;
} stage;

static smileid_error_t *ask(const stage *on) {
  smileid_status_t *status = NULL;
  smileid_error_t *error = NULL;
  int code;
  if (!strcmp(on->play->what, "get_job_status")) {
    code = get(on->play, on->client, on->cancel, &status, &error);
  } else if (!strcmp(on->play->what, "poll_job_status")) {
    code = poll(on->play, on->client, on->cancel, &status, &error);
  } else {
    const smileid_wait_options_t options = waiting(on->play, play_text(on->play, "token"));
    code = smileid_wait_until_complete(on->client, play_text(on->play, "user_id"), play_text(on->play, "job_id"),
                                       &options, on->cancel, &status, &error);
  }
  if (code != smileid_error_code(error) || (code && status)) abort();
  if (!code) put_status(on->play, status);
  smileid_status_free(status);
  return error;
}

static void put_update(const smileid_update_t *update) {
  put_item();
  put_integer("attempt", smileid_update_attempt(update), -1);
  put_raw("changed", smileid_update_changed(update) ? "true" : "false");
  put_raw("job_complete", smileid_status_job_complete(smileid_update_status(update)) ? "true" : "false");
  put_raw("has_next", smileid_update_next_delay_ms(update) == SMILEID_UNSET ? "false" : "true");
  put_close();
  if (smileid_update_elapsed_ms(update) < 0) abort();
}

static smileid_error_t *watch(const stage *on) {
  const smileid_wait_options_t options = waiting(on->play, play_text(on->play, "token"));
  const uint64_t most = play_number(on->play, "stop_after", UINT64_MAX);
  smileid_watch_t *watched = NULL;
  smileid_update_t *updates[256];
  smileid_error_t *error = NULL;
  size_t count = 0, at;
  int cancelled;
  if (smileid_watch_job_status(on->client, play_text(on->play, "user_id"), play_text(on->play, "job_id"), &options,
                               &watched, &error)) {
    return error;
  }
  while (count < most) {
    if (count == sizeof updates / sizeof *updates) abort();
    if (smileid_watch_next(watched, on->cancel, &updates[count], &error) || !updates[count]) break;
    count++;
    sleep_ms((int64_t)play_number(on->play, "pause_ms", 0));
  }
  smileid_watch_free(watched);
  /* When cancelled, nothing else of it counts. */
  cancelled = smileid_error_code(error) == SMILEID_ERROR_CANCELLED;
  if (on->play->accept_only) {
    if (!error) put_raw("accepted", "true");
  } else if (!cancelled) {
    put_raw("updates", "");
    put_list();
    for (at = 0; at < count; at++) put_update(updates[at]);
    put_list_end();
    if (!error) put_raw("error", "null");
  }
  for (at = 0; at < count; at++) smileid_update_free(updates[at]);
  return error;
}

/* The same token with another last character. */
static void tamper(char *token) {
  char *last = token + strlen(token) - 1;
  *last = *last == 'A' ? 'B' : 'A';
}

static void put_stepped(const play_case *play, int steps, const smileid_status_t *status) {
  if (!play->accept_only) put_integer("steps", steps, 0);
  put_status(play, status);
}

static smileid_error_t *finish(const stage *on, const play_case *then, const char *token, int steps) {
  const smileid_wait_options_t options = waiting(then, token);
  smileid_status_t *status = NULL;
  smileid_error_t *error = NULL;
  if (!smileid_wait_until_complete(on->client, play_text(then, "user_id"), play_text(then, "job_id"), &options,
                                   on->cancel, &status, &error)) {
    put_stepped(on->play, steps, status);
  }
  smileid_status_free(status);
  return error;
}

static smileid_error_t *steps(const stage *on) {
  play_case then = play_then(on->play);
  const play_case *given = on->play;
  smileid_error_t *error = NULL;
  char token[129] = "";
  int count, over = 0;
  for (count = 1; !over && !error; count++) {
    const smileid_wait_options_t options = waiting(given, *token ? token : play_text(given, "token"));
    smileid_step_t *step = NULL;
    if (smileid_poll_step(on->client, play_text(given, "user_id"), play_text(given, "job_id"), &options, on->cancel,
                          &step, &error)) {
      break;
    }
    over = smileid_step_is_finished(step);
    if (over) {
      if (smileid_step_token(step) || smileid_step_after_ms(step) != SMILEID_UNSET) abort();
      put_stepped(on->play, count, smileid_step_status(step));
    } else {
      snprintf(token, sizeof token, "%s", smileid_step_token(step));
      sleep_ms(smileid_step_after_ms(step));
      if (play_number(on->play, "tamper", 0)) tamper(token);
      given = &then;
      if (play_text(on->play, "finish")) {
        error = finish(on, given, token, count);
        over = 1;
      }
    }
    smileid_step_free(step);
  }
  free(then.arguments);
  return error;
}

static void put_outcome(const smileid_outcome_t *outcome) {
  const smileid_status_t *status = smileid_outcome_status(outcome);
  const smileid_error_t *error = smileid_outcome_error(outcome);
  put_item();
  put_text("job_id", smileid_outcome_job_id(outcome));
  put_raw("status_complete", !status ? "null" : smileid_status_job_complete(status) ? "true" : "false");
  put_text("error", error ? smileid_error_name(error) : NULL);
  put_close();
  if (!smileid_outcome_user_id(outcome) || !status == !error) abort();
}

/* Adds jobs while there is room. */
static smileid_error_t *fill(const play_case *play, const smileid_many_t *all, size_t *at) {
  smileid_error_t *error = NULL;
  const char *job_id;
  while (!error && smileid_many_room(all) && (job_id = play_entry(play, "jobs.job_id", *at)) != NULL) {
    smileid_many_add(all, play_entry(play, "jobs.user_id", (*at)++), job_id, &error);
  }
  return error;
}

static void put_many(smileid_outcome_t *const *outcomes, size_t count, const smileid_many_t *all) {
  size_t at, complete, failed, left;
  put_raw("outcomes", "");
  put_list();
  for (at = 0; at < count; at++) put_outcome(outcomes[at]);
  put_list_end();
  smileid_many_progress(all, &complete, &failed, &left);
  put_raw("progress", "");
  put_open();
  put_integer("complete", (int64_t)complete, -1);
  put_integer("failed", (int64_t)failed, -1);
  put_integer("waiting", (int64_t)left, -1);
  put_close();
}

static smileid_error_t *many(const stage *on) {
  const play_case *play = on->play;
  smileid_many_options_t options;
  smileid_many_t *all = NULL;
  smileid_outcome_t *outcome = NULL, **outcomes = NULL;
  smileid_error_t *error = NULL;
  size_t at = 0, count = 0;
  smileid_many_options_init(&options, sizeof options);
  options.timeout_ms = play_number(play, "timeout_ms", options.timeout_ms);
  options.retry_count = play_number(play, "retry_count", options.retry_count);
  options.initial_delay_ms = play_number(play, "initial_delay_ms", options.initial_delay_ms);
  options.max_delay_ms = play_number(play, "max_delay_ms", options.max_delay_ms);
  options.return_history = (int32_t)play_number(play, "return_history", 0);
  options.return_image_links = (int32_t)play_number(play, "return_image_links", 0);
  options.max_waiting = play_number(play, "max_waiting", options.max_waiting);
  options.rate_limit = play_decimal(play, "rate_limit", options.rate_limit);
  options.burst = play_number(play, "burst", options.burst);
  if (smileid_poll_many(on->client, &options, &all, &error)) return error;
  /* Held back: what was cancelled shows none. */
  while (!(error = fill(play, all, &at)) && !smileid_many_next(all, on->cancel, &outcome, &error) && outcome) {
    outcomes = realloc(outcomes, (count + 1) * sizeof(smileid_outcome_t *));
    if (!outcomes) abort();
    outcomes[count++] = outcome;
  }
  if (!error && play->accept_only) {
    put_raw("accepted", "true");
  } else if (!error) {
    put_many(outcomes, count, all);
  }
  for (at = 0; at < count; at++) smileid_outcome_free(outcomes[at]);
  free(outcomes);
  smileid_many_free(all);
  return error;
}

static void put_image(const smileid_images_t *images, size_t at) {
  const char *file = smileid_images_file(images, at);
  size_t length = 0;
  const uint8_t *data = smileid_images_data(images, at, &length);
  put_item();
  put_text("key", smileid_images_key(images, at));
  put_text("content_type", smileid_images_content_type(images, at));
  put_integer("bytes", data ? (int64_t)length : -1, -1);
  put_text("file", file ? strrchr(file, '/') + 1 : NULL);
  put_close();
}

static smileid_error_t *images(const stage *on) {
  const play_case *play = on->play;
  const char *hosts[8];
  smileid_status_options_t with_links;
  smileid_download_options_t options;
  smileid_status_t *status = NULL;
  smileid_images_t *found = NULL;
  smileid_error_t *error = NULL;
  size_t at;
  smileid_status_options_init(&with_links, sizeof with_links);
  with_links.return_image_links = 1;
  smileid_download_options_init(&options, sizeof options);
  options.timeout_ms = play_number(play, "timeout_ms", options.timeout_ms);
  options.directory = play_text(play, "directory");
  options.overwrite = (int32_t)play_number(play, "overwrite", 0);
  options.refresh = (int32_t)play_number(play, "refresh", 0);
  for (at = 0; at < 8 && (hosts[at] = play_entry(play, "allowed_hosts", at)) != NULL;) at++;
  options.allowed_hosts = at || play_find(play, "allowed_hosts") ? hosts : NULL;
  options.allowed_host_count = at;
  if (!smileid_get_job_status(on->client, play_text(play, "user_id"), play_text(play, "job_id"), &with_links,
                              on->cancel, &status, &error) &&
      !smileid_download_images(on->client, status, &options, on->cancel, &found, &error)) {
    if (play->accept_only) {
      put_raw("accepted", "true");
    } else {
      put_raw("images", "");
      put_list();
      for (at = 0; at < smileid_images_count(found); at++) put_image(found, at);
      put_list_end();
    }
  }
  smileid_images_free(found);
  smileid_status_free(status);
  return error;
}

static smileid_error_t *callback(const stage *on) {
  const play_argument *body = play_find(on->play, "body");
  smileid_callback_t *found = NULL;
  smileid_error_t *error = NULL;
  size_t length = 0;
  if (!smileid_verify_callback(on->client, body ? (const uint8_t *)body->text : NULL, body ? body->length : 0,
                               play_number(on->play, "max_age_ms", SMILEID_NO_LIMIT), &found, &error)) {
    if (smileid_callback_body_authenticated(found)) abort();
    if (!smileid_callback_raw(found, &length) || length != body->length) abort();
    if (on->play->accept_only) {
      put_raw("accepted", "true");
    } else {
      put_raw("callback", smileid_callback_json(found));
    }
  }
  smileid_callback_free(found);
  return error;
}

static smileid_error_t *verb(const stage *on) {
  static const struct {
    const char *name;
    smileid_error_t *(*play)(const stage *);
  } verbs[] = {{"watch_job_status", watch},
               {"poll_step", steps},
               {"poll_many", many},
               {"download_images", images},
               {"verify_callback", callback}};
  size_t at;
  for (at = 0; at < sizeof verbs / sizeof *verbs; at++) {
    if (!strcmp(on->play->what, verbs[at].name)) return verbs[at].play(on);
  }
  return ask(on);
}

/* Whom a notification is about: the job, or the first of many. */
typedef struct {
  const smileid_client_t *client;
  const char *user_id;
  char job_id[300];
} news;

static void notify_now(void *context) {
  const news *about = context;
  if (smileid_notify(about->client, about->user_id, about->job_id, NULL)) abort();
}

static void call(const play_case *play) {
  const char *first = play_entry(play, "jobs.job_id", 0), *job_id = first ? first : play_text(play, "job_id");
  smileid_client_t *client = NULL;
  smileid_cancel_token_t *token = NULL;
  smileid_error_t *error = NULL;
  stage on;
  news about;
  if (make_client(play, &client, &error)) {
    put_error(error);
  } else if (!strcmp(play->what, "client")) {
    put_raw("accepted", "true");
  } else {
    if (smileid_cancel_token_new(&token, NULL)) abort();
    about.client = client;
    about.user_id = first ? play_entry(play, "jobs.user_id", 0) : play_text(play, "user_id");
    snprintf(about.job_id, sizeof about.job_id, "%s%s", job_id ? job_id : "",
             strcmp(play->interrupt, "notify_other") ? "" : "-other");
    if (!strcmp(play->interrupt, "cancel")) play_on_interrupt(cancel_now, token);
    if (!strcmp(play->interrupt, "close")) play_on_interrupt(close_now, client);
    if (!strncmp(play->interrupt, "notify", 6)) play_on_interrupt(notify_now, &about);
    if (!strcmp(play->interrupt, "close_before")) smileid_client_close(client);
    on.play = play;
    on.client = client;
    on.cancel = token;
    error = verb(&on);
    play_on_interrupt(NULL, NULL);
    if (error) put_error(error);
  }
  smileid_error_free(error);
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
