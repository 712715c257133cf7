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

#define PRINT_FLAGS(options)                                                                              \
  printf(",\"return_history\":%" PRId32 ",\"return_image_links\":%" PRId32 ",\"return_job_status\":%" PRId32 "}", \
         options.return_history, options.return_image_links, options.return_job_status)
#define PRINT_AGAIN(options)                                                                                       \
  printf(",\"retry_count\":%" PRIu64 ",\"initial_delay_ms\":%" PRIu64 ",\"max_delay_ms\":%" PRIu64, options.retry_count, \
         options.initial_delay_ms, options.max_delay_ms)

static void print_defaults(void) {
  smileid_client_options_t client;
  smileid_status_options_t get;
  smileid_poll_options_t poll;
  smileid_wait_options_t wait;
  smileid_client_options_init(&client, sizeof client);
  smileid_status_options_init(&get, sizeof get);
  smileid_poll_options_init(&poll, sizeof poll);
  smileid_wait_options_init(&wait, sizeof wait);
  CHECK(!client.partner_id && !client.api_key && !client.environment && !client.base_url && !client.ca_bundle &&
        !client.proxy);
  printf("{\"client\":{\"connect_timeout_ms\":%" PRIu64 ",\"request_timeout_ms\":%" PRIu64, client.connect_timeout_ms,
         client.request_timeout_ms);
  printf(",\"max_retries\":%" PRIu64 ",\"max_connections\":%" PRIu64, client.max_retries, client.max_connections);
  printf(",\"max_response_bytes\":%" PRIu64, client.max_response_bytes);
  printf(",\"bundled_roots\":%" PRId32 ",\"trust_env\":%" PRId32 "}", client.bundled_roots, client.trust_env);
  printf(",\"get_job_status\":{\"timeout_ms\":%" PRIu64, get.timeout_ms);
  PRINT_FLAGS(get);
  printf(",\"poll_job_status\":{\"timeout_ms\":%" PRIu64, poll.timeout_ms);
  PRINT_AGAIN(poll);
  PRINT_FLAGS(poll);
  printf(",\"wait_until_complete\":{\"timeout_ms\":%" PRIu64, wait.timeout_ms);
  PRINT_AGAIN(wait);
  PRINT_FLAGS(wait);
  puts("}");
  CHECK(!get.callback_url && !poll.callback_url && !wait.callback_url);
}

int main(void) {
  older();
  newer();
  nobodys();
  spelling();
  delays();
  print_defaults();
  smileid_shutdown(2000);
  return 0;
}
