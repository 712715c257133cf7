/* Options of an older and of a newer header, of nobody, and the defaults as JSON. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>

#include "check.h"

static smileid_client_options_t valid(void) {
  smileid_client_options_t options;
  memset(&options, 0xaa, sizeof options);
  smileid_client_options_init(&options, sizeof options);
  options.partner_id = "001";
  options.api_key = "key";
  options.base_url = "http://127.0.0.1:9";
  return options;
}

static int refuses(const void *options, const char *argument) {
  smileid_client_t *client = NULL;
  smileid_error_t *error = NULL;
  const int code = smileid_client_new(options, &client, &error);
  smileid_client_free(client);
  return code && refused(error, argument);
}

static int accepts(const void *options) {
  smileid_client_t *client = NULL;
  const int code = smileid_client_new(options, &client, NULL);
  smileid_client_free(client);
  return !code;
}

static void older(void) {
  /* A header that ended in the middle: what lies behind belongs to others and is neither written nor read. */
  const size_t end = offsetof(smileid_client_options_t, max_retries);
  smileid_client_options_t options;
  unsigned char *bytes = (unsigned char *)&options;
  size_t at;
  memset(&options, 0xaa, sizeof options);
  smileid_client_options_init(&options, end);
  CHECK(options.struct_size == end && options.request_timeout_ms == 15000);
  for (at = end; at < sizeof options; at++) CHECK(bytes[at] == 0xaa);
  options.partner_id = "001";
  options.api_key = "key";
  options.base_url = "http://127.0.0.1:9";
  CHECK(accepts(&options));
  /* Half a field is no field. */
  options.struct_size = end + 4;
  CHECK(accepts(&options));
  options.struct_size = offsetof(smileid_client_options_t, max_connections);
  CHECK(refuses(&options, "max_retries"));
}

static void newer(void) {
  struct {
    smileid_client_options_t known;
    uint64_t future;
  } options;
  memset(&options, 0xaa, sizeof options);
  smileid_client_options_init(&options.known, sizeof options);
  CHECK(options.future == 0 && options.known.struct_size == sizeof options && options.known.max_retries == 2);
  options.known.partner_id = "001";
  options.known.api_key = "key";
  options.known.base_url = "http://127.0.0.1:9";
  CHECK(accepts(&options));
  options.future = 1;
  CHECK(refuses(&options, "struct_size"));
}

static void nobodys(void) {
  smileid_client_options_t options = valid();
  CHECK(accepts(&options));
  options.struct_size = 0;
  CHECK(refuses(&options, "struct_size"));
  options.struct_size = sizeof(size_t) - 1;
  CHECK(refuses(&options, "struct_size"));
  options.struct_size = SIZE_MAX;
  CHECK(refuses(&options, "struct_size"));
  options.struct_size = sizeof(size_t);
  CHECK(refuses(&options, "partner_id"));
  options = valid();
  options.trust_env = 2;
  CHECK(refuses(&options, "trust_env"));
  options.trust_env = SMILEID_UNSET;
  CHECK(refuses(&options, "trust_env"));
  options = valid();
  options.environment = "sandbox";
  CHECK(refuses(&options, "environment"));
  options = valid();
  options.request_timeout_ms = SMILEID_NO_LIMIT;
  CHECK(refuses(&options, "request_timeout"));
  smileid_client_options_init(&options, 3);
}

#define IS_LAST(options, field) \
  (offsetof(options, field) + sizeof((options *)0)->field == sizeof(options) || sizeof(void *) < 8)

/* Padding at the end would hide the next field from struct_size. What is reserved fills it, and is 0 until it means
 * something. */
static void reserved(void) {
  smileid_client_options_t options = valid();
  smileid_client_t *client = NULL;
  smileid_status_t *status = NULL;
  smileid_step_t *step = NULL;
  smileid_watch_t *watch = NULL;
  smileid_error_t *error = NULL;
  smileid_status_options_t get;
  smileid_poll_options_t poll;
  smileid_wait_options_t wait;
  CHECK(IS_LAST(smileid_client_options_t, trust_env) && IS_LAST(smileid_status_options_t, reserved));
  CHECK(IS_LAST(smileid_poll_options_t, reserved) && IS_LAST(smileid_wait_options_t, reserved));
  CHECK(IS_LAST(smileid_many_options_t, return_image_links) && IS_LAST(smileid_download_options_t, refresh));
  memset(&get, 0xaa, sizeof get), memset(&poll, 0xaa, sizeof poll), memset(&wait, 0xaa, sizeof wait);
  smileid_status_options_init(&get, sizeof get);
  smileid_poll_options_init(&poll, sizeof poll);
  smileid_wait_options_init(&wait, sizeof wait);
  CHECK(!get.reserved && !poll.reserved && !wait.reserved);
  get.reserved = poll.reserved = wait.reserved = 1;
  CHECK(!smileid_client_new(&options, &client, NULL));
  CHECK(smileid_get_job_status(client, "u", "j", &get, NULL, &status, &error) && refused(error, "reserved"));
  CHECK(smileid_poll_job_status(client, "u", "j", &poll, NULL, &status, &error) && refused(error, "reserved"));
  CHECK(smileid_wait_until_complete(client, "u", "j", &wait, NULL, &status, &error) && refused(error, "reserved"));
  CHECK(smileid_poll_step(client, "u", "j", &wait, NULL, &step, &error) && refused(error, "reserved"));
  CHECK(smileid_watch_job_status(client, "u", "j", &wait, &watch, &error) && refused(error, "reserved"));
  /* An older header has no such field: what stands in its padding is not read. */
  get.struct_size = offsetof(smileid_status_options_t, reserved);
  CHECK(smileid_get_job_status(client, "u", "j", &get, NULL, &status, &error) == SMILEID_ERROR_CONNECT);
  smileid_error_free(error);
  smileid_client_free(client);
}

/* A limit's message names the field as the header spells it. */
static void spelling(void) {
  smileid_client_options_t options = valid();
  smileid_error_t *error = NULL;
  smileid_client_t *client = NULL;
  options.connect_timeout_ms = SMILEID_NO_LIMIT;
  CHECK(smileid_client_new(&options, &client, &error) &&
        !strncmp(smileid_error_message(error), "connect_timeout_ms: ", 20));
  CHECK(same(smileid_error_argument(error), "connect_timeout"));
  smileid_error_free(error);
}

/* A cap that was left at its default gives way; 0 is 0. */
static void delays(void) {
  smileid_client_options_t options = valid();
  smileid_client_t *client = NULL;
  smileid_status_t *status = NULL;
  smileid_error_t *error = NULL;
  smileid_poll_options_t poll;
  smileid_poll_options_init(&poll, sizeof poll);
  CHECK(!smileid_client_new(&options, &client, NULL));
  poll.initial_delay_ms = 45000;
  poll.retry_count = 0;
  CHECK(smileid_poll_job_status(client, "u", "j", &poll, NULL, &status, &error) == SMILEID_ERROR_CONNECT);
  smileid_error_free(error);
  poll.max_delay_ms = 44000;
  CHECK(smileid_poll_job_status(client, "u", "j", &poll, NULL, &status, &error) && refused(error, "initial_delay"));
  poll.max_delay_ms = 0;
  CHECK(smileid_poll_job_status(client, "u", "j", &poll, NULL, &status, &error) && refused(error, "max_delay"));
  smileid_client_free(client);
}

static void print_wait(const char *verb) {
  smileid_wait_options_t wait;
  smileid_wait_options_init(&wait, sizeof wait);
  CHECK(!wait.callback_url && !wait.token);
  printf(",\"%s\":{\"timeout_ms\":%" PRIu64 ",\"retry_count\":%" PRIu64, verb, wait.timeout_ms, wait.retry_count);
  printf(",\"initial_delay_ms\":%" PRIu64 ",\"max_delay_ms\":%" PRIu64, wait.initial_delay_ms, wait.max_delay_ms);
  printf(",\"return_history\":%" PRId32 ",\"return_image_links\":%" PRId32, wait.return_history,
         wait.return_image_links);
  printf(",\"return_job_status\":%" PRId32 "}", wait.return_job_status);
}

static void print_many(void) {
  smileid_many_options_t many;
  smileid_many_options_init(&many, sizeof many);
  CHECK(many.rate_limit > 1e300);
  printf(",\"poll_many\":{\"timeout_ms\":%" PRIu64 ",\"retry_count\":%" PRIu64, many.timeout_ms, many.retry_count);
  printf(",\"initial_delay_ms\":%" PRIu64 ",\"max_delay_ms\":%" PRIu64, many.initial_delay_ms, many.max_delay_ms);
  printf(",\"max_waiting\":%" PRIu64 ",\"burst\":%" PRIu64, many.max_waiting, many.burst);
  printf(",\"return_history\":%" PRId32 ",\"return_image_links\":%" PRId32 "}", many.return_history,
         many.return_image_links);
}

static void print_defaults(void) {
  static const char *const waits[] = {"wait_until_complete", "watch_job_status", "poll_step"};
  size_t at;
  smileid_download_options_t download;
  smileid_client_options_t client;
  smileid_status_options_t get;
  smileid_poll_options_t poll;
  smileid_client_options_init(&client, sizeof client);
  smileid_status_options_init(&get, sizeof get);
  smileid_poll_options_init(&poll, sizeof poll);
  smileid_download_options_init(&download, sizeof download);
  CHECK(!get.callback_url && !poll.callback_url && !download.directory && !download.allowed_hosts);
  CHECK(!client.partner_id && !client.api_key && !client.environment && !client.base_url && !client.ca_bundle &&
        !client.proxy);
  printf("{\"client\":{\"connect_timeout_ms\":%" PRIu64 ",\"request_timeout_ms\":%" PRIu64, client.connect_timeout_ms,
         client.request_timeout_ms);
  printf(",\"max_retries\":%" PRIu64 ",\"max_connections\":%" PRIu64, client.max_retries, client.max_connections);
  printf(",\"max_response_bytes\":%" PRIu64, client.max_response_bytes);
  printf(",\"bundled_roots\":%" PRId32 ",\"trust_env\":%" PRId32 "}", client.bundled_roots, client.trust_env);
  printf(",\"get_job_status\":{\"timeout_ms\":%" PRIu64 ",\"return_history\":%" PRId32, get.timeout_ms,
         get.return_history);
  printf(",\"return_image_links\":%" PRId32 ",\"return_job_status\":%" PRId32 "}", get.return_image_links,
         get.return_job_status);
  printf(",\"poll_job_status\":{\"timeout_ms\":%" PRIu64 ",\"retry_count\":%" PRIu64, poll.timeout_ms,
         poll.retry_count);
  printf(",\"initial_delay_ms\":%" PRIu64 ",\"max_delay_ms\":%" PRIu64, poll.initial_delay_ms, poll.max_delay_ms);
  printf(",\"return_history\":%" PRId32 ",\"return_image_links\":%" PRId32, poll.return_history,
         poll.return_image_links);
  printf(",\"return_job_status\":%" PRId32 "}", poll.return_job_status);
  for (at = 0; at < 3; at++) print_wait(waits[at]);
  print_many();
  printf(",\"download_images\":{\"timeout_ms\":%" PRIu64 ",\"overwrite\":%" PRId32, download.timeout_ms,
         download.overwrite);
  printf(",\"refresh\":%" PRId32 "}}\n", download.refresh);
}

int main(void) {
  older();
  newer();
  nobodys();
  reserved();
  spelling();
  delays();
  print_defaults();
  smileid_shutdown(2000);
  return 0;
}
