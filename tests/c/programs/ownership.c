/* NULL everywhere, out parameters, what outlives what. Run plain, under ASan with UBSan, and under valgrind. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>

#include "check.h"

/* Stands in out parameters for what nobody has initialised. */
#define GARBAGE ((void *)0x5a5a)

static void null_is_harmless(void) {
  size_t length = 7;
  smileid_client_free(NULL);
  smileid_client_close(NULL);
  CHECK(smileid_client_is_closed(NULL) == 1 && !smileid_error_is_transient(NULL));
  smileid_status_free(NULL);
  smileid_error_free(NULL);
  smileid_signed_free(NULL);
  smileid_cancel_token_free(NULL);
  smileid_cancel_token_cancel(NULL);
  smileid_client_options_init(NULL, sizeof(smileid_client_options_t));
  CHECK(smileid_cancel_token_is_cancelled(NULL) == 0);
  CHECK(smileid_status_job_complete(NULL) == 0 && smileid_status_job_success(NULL) == SMILEID_UNSET);
  CHECK(!smileid_status_code(NULL) && !smileid_status_json(NULL) && !smileid_status_result(NULL));
  CHECK(!smileid_status_raw(NULL, &length) && length == 0 && !smileid_status_raw(NULL, NULL));
  CHECK(!smileid_status_history_count(NULL) && !smileid_status_history_at(NULL, 0));
  CHECK(!smileid_status_liveness_image_count(NULL) && !smileid_status_liveness_image_at(NULL, 0));
  CHECK(!smileid_result_result_code(NULL) && isnan(smileid_result_confidence_value(NULL)));
  CHECK(smileid_result_job_type(NULL) == SMILEID_UNSET && smileid_result_is_final_result(NULL) == SMILEID_UNSET);
  CHECK(smileid_error_code(NULL) == SMILEID_OK && same(smileid_error_name(NULL), "ok") && !smileid_error_message(NULL));
  CHECK(smileid_error_attempts(NULL) == SMILEID_UNSET && smileid_error_elapsed_ms(NULL) == SMILEID_UNSET);
  CHECK(!smileid_error_last_status(NULL) && !smileid_error_last_error(NULL) && !smileid_error_raw(NULL, &length));
  CHECK(!smileid_callback_code(NULL) && !smileid_callback_message(NULL) && !smileid_callback_result(NULL));
  CHECK(!smileid_callback_kyc_receipt(NULL) && !smileid_callback_kyb_receipt(NULL));
  length = 7;
  CHECK(!smileid_callback_raw(NULL, &length) && length == 0 && !smileid_callback_raw(NULL, NULL));
  CHECK(!smileid_signed_timestamp(NULL) && !smileid_signed_signature(NULL));
  CHECK(!smileid_error_code_name(4711) && same(smileid_error_code_name(2003), "timeout"));
}

static void failures_leave_null(void) {
  smileid_client_t *client = GARBAGE;
  smileid_status_t *status = GARBAGE;
  smileid_signed_t *pair = GARBAGE;
  smileid_error_t *error = GARBAGE;
  int32_t confirmed = 7;
  CHECK(smileid_client_new(NULL, &client, &error) == SMILEID_ERROR_INVALID_ARGUMENT);
  CHECK(!client && refused(error, "partner_id"));
  client = GARBAGE;
  CHECK(smileid_client_new(NULL, &client, NULL) == SMILEID_ERROR_INVALID_ARGUMENT && !client);
  CHECK(smileid_client_new(NULL, NULL, &error) == SMILEID_ERROR_INVALID_ARGUMENT && refused(error, "client"));
  CHECK(smileid_client_new(NULL, NULL, NULL) == SMILEID_ERROR_INVALID_ARGUMENT);
  CHECK(smileid_get_job_status(NULL, "u", "j", NULL, NULL, &status, &error) == SMILEID_ERROR_INVALID_ARGUMENT);
  CHECK(!status && refused(error, "client"));
  CHECK(smileid_sign("001", NULL, NULL, &pair, &error) == SMILEID_ERROR_INVALID_ARGUMENT);
  CHECK(!pair && refused(error, "api_key"));
  CHECK(smileid_sign("001", "key", "\xff", &pair, &error) && refused(error, "timestamp"));
  CHECK(smileid_confirm_signature("001", "key", NULL, "s", &confirmed, &error) && !confirmed &&
        refused(error, "timestamp"));
  CHECK(smileid_confirm_signature("001", "key", "t", "s", NULL, &error) && refused(error, "confirmed"));
  CHECK(smileid_cancel_token_new(NULL, &error) && refused(error, "token"));
}

static void signatures(void) {
  smileid_signed_t *pair = NULL;
  smileid_error_t *error = GARBAGE;
  int32_t confirmed = 0;
  CHECK(!smileid_sign("001", "apikey", NULL, &pair, &error) && !error);
  CHECK(strlen(smileid_signed_timestamp(pair)) == 24 && strlen(smileid_signed_signature(pair)) == 44);
  CHECK(!smileid_confirm_signature("001", "apikey", smileid_signed_timestamp(pair), smileid_signed_signature(pair),
                                   &confirmed, NULL));
  CHECK(confirmed == 1);
  CHECK(!smileid_confirm_signature("002", "apikey", smileid_signed_timestamp(pair), smileid_signed_signature(pair),
                                   &confirmed, NULL));
  CHECK(confirmed == 0);
  smileid_signed_free(pair);
}

static void answers_outlive_the_client(void) {
  smileid_client_t *client = client_from_env();
  smileid_status_options_t options;
  smileid_status_t *status = NULL, *none = GARBAGE;
  smileid_error_t *error = GARBAGE;
  const smileid_result_t *result;
  size_t length = 0;
  smileid_status_options_init(&options, sizeof options);
  options.return_history = options.return_image_links = 1;
  CHECK(!smileid_get_job_status(client, "user-own", "complete", &options, NULL, &status, &error) && status && !error);
  CHECK(!smileid_client_is_closed(client));
  smileid_client_close(client);
  smileid_client_close(client);
  CHECK(smileid_client_is_closed(client) == 1);
  CHECK(smileid_get_job_status(client, "u", "j", NULL, NULL, &none, &error) == SMILEID_ERROR_CLIENT_CLOSED && !none);
  smileid_client_free(client);
  CHECK(same(smileid_error_name(error), "client_closed") && smileid_error_message(error));
  smileid_error_free(error);

  CHECK(smileid_status_job_complete(status) == 1 && smileid_status_job_success(status) == 1);
  CHECK(same(smileid_status_user_id(status), "user-own") && same(smileid_status_job_id(status), "complete"));
  result = smileid_status_result(status);
  CHECK(result && result == smileid_status_result(status));
  CHECK(same(smileid_result_result_code(result), "0810") && smileid_result_is_final_result(result) == 1);
  CHECK(smileid_result_result_code(result) == smileid_result_result_code(result));
  CHECK(same(smileid_result_user_id(result), "user-own") && smileid_result_confidence_value(result) > 0);
  CHECK(smileid_status_history_count(status) > 0 && smileid_result_result_code(smileid_status_history_at(status, 0)));
  CHECK(!smileid_status_history_at(status, smileid_status_history_count(status)) &&
        !smileid_status_history_at(status, SIZE_MAX));
  CHECK(smileid_status_has_image_links(status) == 1 && smileid_status_selfie_image(status));
  CHECK(smileid_status_liveness_image_at(status, 0) && !smileid_status_liveness_image_at(status, SIZE_MAX));
  CHECK(smileid_status_raw(status, &length) && length > 100 &&
        strstr(smileid_status_json(status), "\"job_complete\":true"));
  smileid_status_free(status);
}

/* The stories of these two jobs are posted by the test. */
static void borrowed_from_errors(void) {
  smileid_client_t *client = client_from_env();
  smileid_poll_options_t options = quick_poll(1, 5);
  smileid_status_t *status = GARBAGE;
  smileid_error_t *error = NULL;
  const smileid_status_t *last;
  size_t length = 0;
  CHECK(smileid_poll_job_status(client, "user-own", "pending-then-refused", &options, NULL, &status, &error));
  smileid_client_free(client);
  CHECK(!status && smileid_error_code(error) == SMILEID_ERROR_REJECTED && smileid_error_http_status(error) == 400);
  CHECK(smileid_error_attempts(error) == 2 && smileid_error_elapsed_ms(error) >= 5 &&
        same(smileid_error_job_id(error), "pending-then-refused"));
  CHECK(smileid_error_raw(error, &length) && length > 0 && smileid_error_retry_after_ms(error) == SMILEID_UNSET);
  last = smileid_error_last_status(error);
  CHECK(last && last == smileid_error_last_status(error) && smileid_status_job_complete(last) == 0);
  CHECK(smileid_status_json(last) && !smileid_status_result(last) && !smileid_error_last_error(error));
  smileid_error_free(error);
}

static void nul_inside_is_never_cut(void) {
  smileid_client_t *client = client_from_env();
  smileid_status_t *status = NULL;
  CHECK(!smileid_get_job_status(client, "user-own", "nul", NULL, NULL, &status, NULL));
  CHECK(same(smileid_status_message(status), "\"a\\u0000b\"") && strstr(smileid_status_json(status), "\"a\\u0000b\""));
  smileid_status_free(status);
  smileid_client_free(client);
}

/* What stands beside a result outlives the client, and the body that was read. */
static void callbacks(void) {
  static const char form[] =
      "{\"job_complete\":true,\"code\":\"2302\",\"result\":\"No zip file received\",\"kyc_receipt\":\"a.pdf\","
      "\"kyb_receipt\":\"b.pdf\",\"more\":1,\"timestamp\":\"%s\",\"signature\":\"%s\"}";
  char body[400], copy[400];
  smileid_client_t *client = client_from_env();
  smileid_signed_t *pair = NULL;
  smileid_callback_t *callback = NULL;
  const uint8_t *raw;
  size_t length, kept = 0;
  CHECK(!smileid_sign(getenv("SMILEID_PARTNER_ID"), getenv("SMILEID_API_KEY"), NULL, &pair, NULL));
  length = (size_t)snprintf(body, sizeof body, form, smileid_signed_timestamp(pair), smileid_signed_signature(pair));
  memcpy(copy, body, sizeof copy);
  CHECK(!smileid_verify_callback(client, (uint8_t *)body, length, SMILEID_NO_LIMIT, &callback, NULL));
  smileid_client_free(client);
  memset(body, ' ', sizeof body);
  CHECK(same(smileid_callback_code(callback), "2302") && !smileid_callback_result(callback));
  CHECK(same(smileid_callback_message(callback), "No zip file received"));
  CHECK(smileid_callback_message(callback) == smileid_callback_message(callback));
  CHECK(same(smileid_callback_kyc_receipt(callback), "a.pdf") && same(smileid_callback_kyb_receipt(callback), "b.pdf"));
  raw = smileid_callback_raw(callback, &kept);
  CHECK(raw && kept == length && !memcmp(raw, copy, length) && smileid_callback_raw(callback, NULL) == raw);
  CHECK(strstr(smileid_callback_json(callback), "\"extras\":{\"more\":1}"));
  smileid_callback_free(callback);
  smileid_signed_free(pair);
}

/* A list of hosts that could not be made lets in none. */
static void hosts(void) {
  smileid_download_options_t download;
  smileid_client_t *client = client_from_env();
  smileid_status_t *status = NULL;
  smileid_images_t *images = NULL;
  smileid_error_t *error = NULL;
  CHECK(!smileid_get_job_status(client, "user-own", "complete", NULL, NULL, &status, NULL));
  smileid_download_options_init(&download, sizeof download);
  download.allowed_host_count = 1;
  CHECK(smileid_download_images(client, status, &download, NULL, &images, &error));
  CHECK(!images && refused(error, "allowed_hosts"));
  smileid_status_free(status);
  smileid_client_free(client);
}

int main(void) {
  null_is_harmless();
  failures_leave_null();
  signatures();
  answers_outlive_the_client();
  borrowed_from_errors();
  nul_inside_is_never_cut();
  callbacks();
  hosts();
  CHECK(same(smileid_version(), SMILEID_VERSION));
  /* So that valgrind finds the threads' memory returned. */
  smileid_shutdown(2000);
  return 0;
}
