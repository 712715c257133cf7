/* A server that goes away while there is something to write: an error, and never SIGPIPE, which ends a program in C.
 * `gone_server PORT CA_FILE`: see close-unread.rs of the Rust tests. */
#define _POSIX_C_SOURCE 200809L
#include <poll.h>
#include <signal.h>

#include "check.h"

enum { TIMES = 6, PATIENCE_MS = 20000 };

static smileid_client_t *client_of(const char *base_url, const char *ca_bundle, const char *proxy) {
  smileid_client_options_t options;
  smileid_client_t *client = NULL;
  smileid_client_options_init(&options, sizeof options);
  options.partner_id = "001";
  options.api_key = "key";
  options.base_url = base_url;
  options.ca_bundle = ca_bundle;
  options.proxy = proxy;
  options.trust_env = 0;
  options.max_retries = 0;
  CHECK(!smileid_client_new(&options, &client, NULL));
  return client;
}

static void is_gone(int32_t code, smileid_status_t *status, smileid_error_t *error) {
  CHECK(!status && (code == SMILEID_ERROR_NETWORK || code == SMILEID_ERROR_CONNECT || code == SMILEID_ERROR_TLS));
  smileid_error_free(error);
}

/* On the caller's own thread, or on the library's where there is a proxy. */
static void blocking(const smileid_client_t *client) {
  smileid_status_t *status;
  smileid_error_t *error;
  int time;
  for (time = 0; time < TIMES; time++) {
    const int32_t code = smileid_get_job_status(client, "user", "job", NULL, NULL, &status, &error);
    is_gone(code, status, error);
  }
}

static void count(void *user_data, int32_t code, smileid_status_t *status, smileid_error_t *error) {
  is_gone(code, status, error);
  ++*(int *)user_data;
}

static void on_an_event_loop(const smileid_client_t *client) {
  const double patience = now_ms() + PATIENCE_MS;
  smileid_event_loop_t *loop = NULL;
  struct pollfd watched = {0, POLLIN, 0};
  int told = 0, time;
  CHECK(!smileid_event_loop_new(&loop, NULL));
  watched.fd = smileid_event_loop_fd(loop);
  for (time = 0; time < TIMES; time++) {
    CHECK(!smileid_get_job_status_start(loop, client, "user", "job", NULL, NULL, count, &told, NULL));
  }
  while (told < TIMES) {
    CHECK(now_ms() < patience);
    if (poll(&watched, 1, 100)) smileid_event_loop_turn(loop);
  }
  smileid_event_loop_free(loop);
}

int main(int argc, char **argv) {
  smileid_client_t *direct, *proxied;
  struct sigaction ends;
  char url[64], proxy[64];
  CHECK(argc == 3);
  CHECK(!sigaction(SIGPIPE, NULL, &ends) && ends.sa_handler == SIG_DFL);
  snprintf(url, sizeof url, "https://localhost:%s", argv[1]);
  snprintf(proxy, sizeof proxy, "http://127.0.0.1:%s", argv[1]);
  direct = client_of(url, argv[2], NULL);
  proxied = client_of("https://smile.invalid", argv[2], proxy);
  blocking(direct);
  on_an_event_loop(direct);
  blocking(proxied);
  on_an_event_loop(proxied);
  smileid_client_free(direct);
  smileid_client_free(proxied);
  return 0;
}
