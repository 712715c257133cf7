/* Says which errors functions have: their documentation must list them. `errors JOB ...`: jobs whose images are bad. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

static smileid_client_t *client;

static void failed(const char *function, int32_t code, smileid_error_t *error) {
  CHECK(code && code == smileid_error_code(error));
  printf("%s %s\n", function, smileid_error_name(error));
  smileid_error_free(error);
}

static void verify(const char *body, size_t length, uint64_t max_age_ms) {
  smileid_callback_t *callback = NULL;
  smileid_error_t *error = NULL;
  const int32_t code = smileid_verify_callback(client, (const uint8_t *)body, length, max_age_ms, &callback, &error);
  failed("smileid_verify_callback", code, error);
}

static void callbacks(void) {
  static const char form[] = "{\"ResultCode\":\"0810\",\"timestamp\":\"%s\",\"signature\":\"%s\"}";
  static const char hash[] = "6f3dec6d6fad3cfe36fb62b38a185de1cd53088291082d6f20fddbf5ea0e4a0f";
  char body[400];
  smileid_signed_t *pair = NULL;
  verify(NULL, 0, 0);
  verify("no JSON", 7, SMILEID_NO_LIMIT);
  verify(body, (size_t)snprintf(body, sizeof body, form, "t", "s"), SMILEID_NO_LIMIT);
  verify(body, (size_t)snprintf(body, sizeof body, form, "t", hash), SMILEID_NO_LIMIT);
  CHECK(!smileid_sign("001", "apikey", "2020-01-01T00:00:00.000Z", &pair, NULL));
  snprintf(body, sizeof body, form, smileid_signed_timestamp(pair), smileid_signed_signature(pair));
  verify(body, strlen(body), 1000);
  smileid_signed_free(pair);
  memset(body, ' ', sizeof body);
  verify(body, sizeof body, SMILEID_NO_LIMIT);
}

static void download(const char *job_id, const char *directory) {
  smileid_status_options_t linked;
  smileid_download_options_t options;
  smileid_status_t *status = NULL;
  smileid_images_t *images = NULL;
  smileid_error_t *error = NULL;
  int32_t code;
  smileid_status_options_init(&linked, sizeof linked);
  smileid_download_options_init(&options, sizeof options);
  linked.return_image_links = 1;
  options.directory = directory;
  CHECK(!smileid_get_job_status(client, "user-errors", job_id, &linked, NULL, &status, NULL));
  code = smileid_download_images(client, status, &options, NULL, &images, &error);
  failed("smileid_download_images", code, error);
  smileid_status_free(status);
}

int main(int argc, char **argv) {
  smileid_client_options_t options;
  smileid_error_t *error = NULL;
  int32_t code;
  int at;
  smileid_client_options_init(&options, sizeof options);
  options.partner_id = "001";
  options.api_key = "apikey";
  options.base_url = "http://127.0.0.1:9";
  options.max_response_bytes = 399;
  CHECK(!smileid_client_new(&options, &client, NULL));
  callbacks();
  smileid_client_free(client);
  client = client_from_env();
  for (at = 1; at < argc; at++) download(argv[at], NULL);
  download("images", "/nowhere");
  smileid_client_free(client);
  code = smileid_event_loop_new(NULL, &error);
  failed("smileid_event_loop_new", code, error);
  return 0;
}
