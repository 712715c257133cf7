/* Options and the cancel token. Part of smileid_jobs.hpp: include that. */
#ifndef SMILEID_JOBS_OPTIONS_HPP
#define SMILEID_JOBS_OPTIONS_HPP

#include <vector>

#include "error.hpp"

namespace smileid {

/* Ends calls from another thread. Move only; must outlive the calls it was given to. */
class CancelToken {
  detail::Owned<smileid_cancel_token_t, smileid_cancel_token_free> token_;

 public:
  CancelToken() {
    smileid_cancel_token_t *token = nullptr;
    smileid_error_t *error = nullptr;
    const std::int32_t code = smileid_cancel_token_new(&token, &error);
    detail::check(code, error);
    token_.reset(token);
  }
  void cancel() const noexcept { smileid_cancel_token_cancel(token_.get()); }
  bool is_cancelled() const noexcept { return smileid_cancel_token_is_cancelled(token_.get()) == 1; }
  const smileid_cancel_token_t *get() const noexcept { return token_.get(); }
};

struct ClientOptions {
  std::optional<std::string> partner_id = std::nullopt;
  std::optional<std::string> api_key = std::nullopt;
  std::optional<std::string> environment = std::nullopt;
  std::optional<std::string> base_url = std::nullopt;
  std::optional<std::string> ca_bundle = std::nullopt;
  std::optional<std::string> proxy = std::nullopt;
  Milliseconds connect_timeout = Milliseconds(detail::client_defaults().connect_timeout_ms);
  Milliseconds request_timeout = Milliseconds(detail::client_defaults().request_timeout_ms);
  std::uint64_t max_retries = detail::client_defaults().max_retries;
  std::uint64_t max_connections = detail::client_defaults().max_connections;
  std::uint64_t max_response_bytes = detail::client_defaults().max_response_bytes;
  bool bundled_roots = detail::client_defaults().bundled_roots == 1;
  bool trust_env = detail::client_defaults().trust_env == 1;
};

/* `timeout` without a value is no limit. */
struct StatusOptions {
  bool return_history = detail::status_defaults().return_history == 1;
  bool return_image_links = detail::status_defaults().return_image_links == 1;
  std::optional<Milliseconds> timeout = detail::limit(detail::status_defaults().timeout_ms);
  std::optional<std::string> callback_url = std::nullopt;
  bool return_job_status = detail::status_defaults().return_job_status == 1;
};

struct PollOptions {
  bool return_history = detail::poll_defaults().return_history == 1;
  bool return_image_links = detail::poll_defaults().return_image_links == 1;
  std::optional<Milliseconds> timeout = detail::limit(detail::poll_defaults().timeout_ms);
  std::uint64_t retry_count = detail::poll_defaults().retry_count;
  Milliseconds initial_delay = Milliseconds(detail::poll_defaults().initial_delay_ms);
  Milliseconds max_delay = Milliseconds(detail::poll_defaults().max_delay_ms);
  std::optional<std::string> callback_url = std::nullopt;
  bool return_job_status = detail::poll_defaults().return_job_status == 1;
};

/* Of wait_until_complete, watch_job_status and poll_step. `timeout` or `retry_count` without a value is no limit. */
struct WaitOptions {
  bool return_history = detail::wait_defaults().return_history == 1;
  bool return_image_links = detail::wait_defaults().return_image_links == 1;
  std::optional<Milliseconds> timeout = detail::limit(detail::wait_defaults().timeout_ms);
  std::optional<std::uint64_t> retry_count = detail::tries(detail::wait_defaults().retry_count);
  Milliseconds initial_delay = Milliseconds(detail::wait_defaults().initial_delay_ms);
  Milliseconds max_delay = Milliseconds(detail::wait_defaults().max_delay_ms);
  std::optional<std::string> callback_url = std::nullopt;
  /* What a step gave; a watch takes none. */
  std::optional<std::string> token = std::nullopt;
  bool return_job_status = detail::wait_defaults().return_job_status == 1;
};

/* `timeout`, `retry_count` or `rate_limit` without a value is no limit. */
struct ManyOptions {
  bool return_history = detail::many_defaults().return_history == 1;
  bool return_image_links = detail::many_defaults().return_image_links == 1;
  std::optional<Milliseconds> timeout = detail::limit(detail::many_defaults().timeout_ms);
  std::optional<std::uint64_t> retry_count = detail::tries(detail::many_defaults().retry_count);
  Milliseconds initial_delay = Milliseconds(detail::many_defaults().initial_delay_ms);
  Milliseconds max_delay = Milliseconds(detail::many_defaults().max_delay_ms);
  std::uint64_t max_waiting = detail::many_defaults().max_waiting;
  std::optional<double> rate_limit = std::nullopt;
  std::uint64_t burst = detail::many_defaults().burst;
};

struct DownloadOptions {
  std::optional<Milliseconds> timeout = detail::limit(detail::download_defaults().timeout_ms);
  std::optional<std::string> directory = std::nullopt;
  std::optional<std::vector<std::string>> allowed_hosts = std::nullopt;
  bool overwrite = detail::download_defaults().overwrite == 1;
  bool refresh = detail::download_defaults().refresh == 1;
};

namespace detail {

/* StatusOptions in C's form, with the text they point to. */
struct Asking {
  const Argument callback_url;
  smileid_status_options_t options = status_defaults();

  explicit Asking(const StatusOptions &given) : callback_url(given.callback_url) {
    options.timeout_ms = limit(given.timeout);
    options.return_history = given.return_history;
    options.return_image_links = given.return_image_links;
    options.return_job_status = given.return_job_status;
    options.callback_url = callback_url.get();
  }
};

}  // namespace detail

}  // namespace smileid

#endif /* SMILEID_JOBS_OPTIONS_HPP */
