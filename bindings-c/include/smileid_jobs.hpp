/*
 * smileid-jobs for C++17: smileid_jobs.h with RAII, exceptions, std::optional and std::chrono. Header only; link the
 * same library.
 *
 * Unofficial, not affiliated with Smile ID. What the values mean, their units and defaults stand in smileid_jobs.h.
 *
 * Threads. Every object may be used from several threads at the same time, unless one of them assigns, moves or
 * destroys it.
 *
 * Views. A std::string_view from a Status, JobResult or exception is valid as long as any copy of that object lives.
 *
 * Errors. Functions that can fail throw the class of the error's code; all derive from smileid::SmileIDError.
 */
#ifndef SMILEID_JOBS_HPP
#define SMILEID_JOBS_HPP

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smileid_jobs.h"

#if defined(__GNUC__)
#define SMILEID_EXCEPTION __attribute__((visibility("default")))
#else
#define SMILEID_EXCEPTION
#endif

namespace smileid {

using Milliseconds = std::chrono::milliseconds;

namespace detail {

template <class T, void (*release)(T *)>
struct Free {
  void operator()(const T *owned) const noexcept { release(const_cast<T *>(owned)); }
};
template <class T, void (*release)(T *)>
using Owned = std::unique_ptr<T, Free<T, release>>;

inline std::string_view text(const char *borrowed) noexcept { return borrowed ? borrowed : std::string_view(); }

inline std::optional<std::string_view> optional_text(const char *borrowed) noexcept {
  return borrowed ? std::optional<std::string_view>(borrowed) : std::nullopt;
}

inline std::optional<bool> truth(std::int32_t flag) noexcept {
  return flag == SMILEID_UNSET ? std::nullopt : std::optional<bool>(flag != 0);
}

template <class Value, class Number>
std::optional<Value> number(Number found) {
  return found == SMILEID_UNSET ? std::nullopt : std::optional<Value>(Value(found));
}

/* C would read a text with a NUL in it as a shorter one. 0xff is in no UTF-8: the library refuses it by its name. */
inline std::string argument(std::string_view given) {
  return std::string(given.find('\0') == std::string_view::npos ? given : std::string_view("\xff"));
}

/* A text that is given or not. */
class Argument {
  std::optional<std::string> text_;

 public:
  explicit Argument(const std::optional<std::string> &given) {
    if (given) text_ = argument(*given);
  }
  const char *get() const noexcept { return text_ ? text_->c_str() : nullptr; }
};

/* Negative is far beyond every limit, but not SMILEID_NO_LIMIT. */
inline std::uint64_t duration(Milliseconds given) noexcept {
  return given.count() < 0 ? SMILEID_NO_LIMIT - 1 : static_cast<std::uint64_t>(given.count());
}

inline std::uint64_t limit(std::optional<Milliseconds> given) noexcept {
  return given ? duration(*given) : SMILEID_NO_LIMIT;
}

inline std::optional<Milliseconds> limit(std::uint64_t ms) noexcept {
  return ms == SMILEID_NO_LIMIT ? std::nullopt : std::optional<Milliseconds>(ms);
}

template <class Options, void (*init)(Options *, std::size_t)>
Options defaults() noexcept {
  Options options;
  init(&options, sizeof options);
  return options;
}
constexpr auto client_defaults = defaults<smileid_client_options_t, smileid_client_options_init>;
constexpr auto status_defaults = defaults<smileid_status_options_t, smileid_status_options_init>;
constexpr auto poll_defaults = defaults<smileid_poll_options_t, smileid_poll_options_init>;
constexpr auto wait_defaults = defaults<smileid_wait_options_t, smileid_wait_options_init>;

}  // namespace detail

/* One result of a job. A cheap handle: copies share one immutable result, which keeps its status alive. */
class JobResult {
  std::shared_ptr<const smileid_result_t> result_;

 public:
  explicit JobResult(std::shared_ptr<const smileid_result_t> result) noexcept : result_(std::move(result)) {}

  using Text = std::optional<std::string_view>;
  Text smile_job_id() const noexcept { return detail::optional_text(smileid_result_smile_job_id(get())); }
  Text result_code() const noexcept { return detail::optional_text(smileid_result_result_code(get())); }
  Text result_text() const noexcept { return detail::optional_text(smileid_result_result_text(get())); }
  Text result_type() const noexcept { return detail::optional_text(smileid_result_result_type(get())); }
  std::optional<bool> is_final_result() const noexcept { return detail::truth(smileid_result_is_final_result(get())); }
  std::optional<bool> is_machine_result() const noexcept {
    return detail::truth(smileid_result_is_machine_result(get()));
  }
  std::optional<double> confidence_value() const noexcept {
    const double value = smileid_result_confidence_value(get());
    return std::isnan(value) ? std::nullopt : std::optional<double>(value);
  }
  Text source() const noexcept { return detail::optional_text(smileid_result_source(get())); }
  Text json_version() const noexcept { return detail::optional_text(smileid_result_json_version(get())); }
  Text user_id() const noexcept { return detail::optional_text(smileid_result_user_id(get())); }
  Text job_id() const noexcept { return detail::optional_text(smileid_result_job_id(get())); }
  std::optional<std::int64_t> job_type() const noexcept {
    return detail::number<std::int64_t>(smileid_result_job_type(get()));
  }
  Text timestamp() const noexcept { return detail::optional_text(smileid_result_timestamp(get())); }
  Text signature() const noexcept { return detail::optional_text(smileid_result_signature(get())); }

  /* The C object, borrowed. */
  const smileid_result_t *get() const noexcept { return result_.get(); }
};

/* How a job stands. A cheap handle: copies share one immutable answer. */
class Status {
  std::shared_ptr<const smileid_status_t> status_;

 public:
  explicit Status(std::shared_ptr<const smileid_status_t> status) noexcept : status_(std::move(status)) {}

  using Text = std::optional<std::string_view>;
  /* Whether the job is finished. Not whether the person was approved. */
  bool job_complete() const noexcept { return smileid_status_job_complete(get()) == 1; }
  std::optional<bool> job_success() const noexcept { return detail::truth(smileid_status_job_success(get())); }
  Text code() const noexcept { return detail::optional_text(smileid_status_code(get())); }
  Text message() const noexcept { return detail::optional_text(smileid_status_message(get())); }
  std::optional<JobResult> result() const {
    const smileid_result_t *result = smileid_status_result(get());
    return result ? std::optional<JobResult>(handle(result)) : std::nullopt;
  }
  std::vector<JobResult> history() const {
    std::vector<JobResult> entries;
    const std::size_t count = smileid_status_history_count(get());
    entries.reserve(count);
    for (std::size_t at = 0; at < count; ++at) entries.push_back(handle(smileid_status_history_at(get(), at)));
    return entries;
  }
  bool has_image_links() const noexcept { return smileid_status_has_image_links(get()) == 1; }
  Text selfie_image() const noexcept { return detail::optional_text(smileid_status_selfie_image(get())); }
  std::vector<std::string_view> liveness_images() const {
    std::vector<std::string_view> links;
    const std::size_t count = smileid_status_liveness_image_count(get());
    links.reserve(count);
    for (std::size_t at = 0; at < count; ++at)
      links.push_back(detail::text(smileid_status_liveness_image_at(get(), at)));
    return links;
  }
  Text image_links_error() const noexcept { return detail::optional_text(smileid_status_image_links_error(get())); }
  Text kyc_receipt() const noexcept { return detail::optional_text(smileid_status_kyc_receipt(get())); }
  Text kyb_receipt() const noexcept { return detail::optional_text(smileid_status_kyb_receipt(get())); }
  std::string_view user_id() const noexcept { return detail::text(smileid_status_user_id(get())); }
  std::string_view job_id() const noexcept { return detail::text(smileid_status_job_id(get())); }
  std::string_view timestamp() const noexcept { return detail::text(smileid_status_timestamp(get())); }
  std::string_view signature() const noexcept { return detail::text(smileid_status_signature(get())); }
  /* The body, byte for byte. Holds the signature and personal data, as json() does: do not log them. */
  std::string_view raw() const noexcept {
    std::size_t length = 0;
    const std::uint8_t *bytes = smileid_status_raw(get(), &length);
    return bytes ? std::string_view(reinterpret_cast<const char *>(bytes), length) : std::string_view();
  }
  std::string_view json() const noexcept { return detail::text(smileid_status_json(get())); }

  /* The C object, borrowed. */
  const smileid_status_t *get() const noexcept { return status_.get(); }

 private:
  JobResult handle(const smileid_result_t *result) const {
    return JobResult(std::shared_ptr<const smileid_result_t>(status_, result));
  }
};

/* The base of everything this library throws. what() is the message: one line, no ids, no data. */
class SMILEID_EXCEPTION SmileIDError : public std::runtime_error {
  std::shared_ptr<const smileid_error_t> error_;

 public:
  explicit SmileIDError(std::shared_ptr<const smileid_error_t> error)
      : std::runtime_error(std::string(detail::text(smileid_error_message(error.get())))), error_(std::move(error)) {}

  using Text = std::optional<std::string_view>;
  std::string_view code() const noexcept { return detail::text(smileid_error_name(get())); }
  std::int32_t number() const noexcept { return smileid_error_code(get()); }
  std::string_view message() const noexcept { return detail::text(smileid_error_message(get())); }
  Text argument() const noexcept { return detail::optional_text(smileid_error_argument(get())); }
  Text phase() const noexcept { return detail::optional_text(smileid_error_phase(get())); }
  Text reason() const noexcept { return detail::optional_text(smileid_error_reason(get())); }
  std::optional<int> http_status() const noexcept { return detail::number<int>(smileid_error_http_status(get())); }
  Text api_code() const noexcept { return detail::optional_text(smileid_error_api_code(get())); }
  std::optional<Milliseconds> retry_after() const noexcept {
    return detail::number<Milliseconds>(smileid_error_retry_after_ms(get()));
  }
  Text user_id() const noexcept { return detail::optional_text(smileid_error_user_id(get())); }
  Text job_id() const noexcept { return detail::optional_text(smileid_error_job_id(get())); }
  std::optional<int> attempts() const noexcept { return detail::number<int>(smileid_error_attempts(get())); }
  std::optional<Milliseconds> elapsed() const noexcept {
    return detail::number<Milliseconds>(smileid_error_elapsed_ms(get()));
  }
  /* The last status that a poll saw before it failed. */
  std::optional<Status> last_status() const {
    const smileid_status_t *status = smileid_error_last_status(get());
    if (!status) return std::nullopt;
    return Status(std::shared_ptr<const smileid_status_t>(error_, status));
  }
  /* The failure before this one, as the base class: code() says which. */
  std::optional<SmileIDError> last_error() const;
  /* The refused body. Can hold personal data and a signature: do not log it. */
  std::optional<std::string_view> raw() const noexcept {
    std::size_t length = 0;
    const std::uint8_t *bytes = smileid_error_raw(get(), &length);
    if (!bytes) return std::nullopt;
    return std::string_view(reinterpret_cast<const char *>(bytes), length);
  }
  Text cause() const noexcept { return detail::optional_text(smileid_error_cause(get())); }

  /* The C object, borrowed. */
  const smileid_error_t *get() const noexcept { return error_.get(); }
};

inline std::optional<SmileIDError> SmileIDError::last_error() const {
  const smileid_error_t *last = smileid_error_last_error(get());
  if (!last) return std::nullopt;
  return SmileIDError(std::shared_ptr<const smileid_error_t>(error_, last));
}

#define SMILEID_CLASS(name, base)              \
  class SMILEID_EXCEPTION name : public base { \
   public:                                     \
    using base::base;                          \
  }
SMILEID_CLASS(APIError, SmileIDError);
SMILEID_CLASS(NetworkError, SmileIDError);
SMILEID_CLASS(InvalidArgumentError, SmileIDError);
SMILEID_CLASS(ClientClosedError, SmileIDError);
SMILEID_CLASS(PollTokenError, SmileIDError);
SMILEID_CLASS(FileError, SmileIDError);
SMILEID_CLASS(ConnectError, NetworkError);
SMILEID_CLASS(TLSError, NetworkError);
SMILEID_CLASS(RequestTimeoutError, NetworkError);
SMILEID_CLASS(AuthenticationError, APIError);
SMILEID_CLASS(RateLimitError, APIError);
SMILEID_CLASS(RequestRejectedError, APIError);
SMILEID_CLASS(ServerError, APIError);
SMILEID_CLASS(InvalidResponseError, SmileIDError);
SMILEID_CLASS(ResponseTooLargeError, SmileIDError);
SMILEID_CLASS(SignatureError, SmileIDError);
SMILEID_CLASS(LegacySignatureError, SignatureError);
SMILEID_CLASS(ResponseMismatchError, SmileIDError);
SMILEID_CLASS(CallbackExpiredError, SmileIDError);
SMILEID_CLASS(ImageLinkExpiredError, SmileIDError);
SMILEID_CLASS(ImageRefusedError, SmileIDError);
SMILEID_CLASS(JobIncompleteError, SmileIDError);
SMILEID_CLASS(CancelledError, SmileIDError);
SMILEID_CLASS(InternalError, SmileIDError);
#undef SMILEID_CLASS

namespace detail {

/* Takes the error over and throws its class; does nothing for SMILEID_OK. */
inline void check(std::int32_t code, smileid_error_t *raw) {
  if (code == SMILEID_OK) return;
  std::shared_ptr<const smileid_error_t> error(raw, Free<smileid_error_t, smileid_error_free>());
  switch (code) {
    case SMILEID_ERROR_INVALID_ARGUMENT: throw InvalidArgumentError(error);
    case SMILEID_ERROR_CLIENT_CLOSED: throw ClientClosedError(error);
    case SMILEID_ERROR_TOKEN_MISMATCH: throw PollTokenError(error);
    case SMILEID_ERROR_IO: throw FileError(error);
    case SMILEID_ERROR_CONNECT: throw ConnectError(error);
    case SMILEID_ERROR_TLS: throw TLSError(error);
    case SMILEID_ERROR_TIMEOUT: throw RequestTimeoutError(error);
    case SMILEID_ERROR_NETWORK: throw NetworkError(error);
    case SMILEID_ERROR_AUTHENTICATION: throw AuthenticationError(error);
    case SMILEID_ERROR_RATE_LIMITED: throw RateLimitError(error);
    case SMILEID_ERROR_REJECTED: throw RequestRejectedError(error);
    case SMILEID_ERROR_SERVER: throw ServerError(error);
    case SMILEID_ERROR_INVALID_RESPONSE: throw InvalidResponseError(error);
    case SMILEID_ERROR_RESPONSE_TOO_LARGE: throw ResponseTooLargeError(error);
    case SMILEID_ERROR_SIGNATURE_MISMATCH: throw SignatureError(error);
    case SMILEID_ERROR_LEGACY_SIGNATURE: throw LegacySignatureError(error);
    case SMILEID_ERROR_RESPONSE_MISMATCH: throw ResponseMismatchError(error);
    case SMILEID_ERROR_CALLBACK_EXPIRED: throw CallbackExpiredError(error);
    case SMILEID_ERROR_IMAGE_LINK_EXPIRED: throw ImageLinkExpiredError(error);
    case SMILEID_ERROR_IMAGE_REFUSED: throw ImageRefusedError(error);
    case SMILEID_ERROR_JOB_INCOMPLETE: throw JobIncompleteError(error);
    case SMILEID_ERROR_CANCELLED: throw CancelledError(error);
    case SMILEID_ERROR_INTERNAL: throw InternalError(error);
    default: throw SmileIDError(error); /* of a newer library */
  }
}

}  // namespace detail

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
  bool return_job_status = detail::status_defaults().return_job_status == 1;
  std::optional<std::string> callback_url = std::nullopt;
  std::optional<Milliseconds> timeout = detail::limit(detail::status_defaults().timeout_ms);
};

struct PollOptions {
  bool return_history = detail::poll_defaults().return_history == 1;
  bool return_image_links = detail::poll_defaults().return_image_links == 1;
  bool return_job_status = detail::poll_defaults().return_job_status == 1;
  std::optional<std::string> callback_url = std::nullopt;
  std::optional<Milliseconds> timeout = detail::limit(detail::poll_defaults().timeout_ms);
  std::uint64_t retry_count = detail::poll_defaults().retry_count;
  Milliseconds initial_delay = Milliseconds(detail::poll_defaults().initial_delay_ms);
  Milliseconds max_delay = Milliseconds(detail::poll_defaults().max_delay_ms);
};

/* `timeout` and `retry_count` without a value are no limit. */
struct WaitOptions {
  bool return_history = detail::wait_defaults().return_history == 1;
  bool return_image_links = detail::wait_defaults().return_image_links == 1;
  bool return_job_status = detail::wait_defaults().return_job_status == 1;
  std::optional<std::string> callback_url = std::nullopt;
  std::optional<Milliseconds> timeout = detail::limit(detail::wait_defaults().timeout_ms);
  std::optional<std::uint64_t> retry_count = std::nullopt;
  Milliseconds initial_delay = Milliseconds(detail::wait_defaults().initial_delay_ms);
  Milliseconds max_delay = Milliseconds(detail::wait_defaults().max_delay_ms);
};

/* Asks Smile ID how jobs ended. Move only; one client serves all threads of a program. */
class Client {
  using New = std::int32_t (*)(const smileid_client_options_t *, smileid_client_t **, smileid_error_t **);
  detail::Owned<smileid_client_t, smileid_client_free> client_;

  Client(const ClientOptions &given, New make) {
    const detail::Argument partner_id(given.partner_id), api_key(given.api_key), environment(given.environment),
        base_url(given.base_url), ca_bundle(given.ca_bundle), proxy(given.proxy);
    smileid_client_options_t options = detail::client_defaults();
    options.partner_id = partner_id.get();
    options.api_key = api_key.get();
    options.environment = environment.get();
    options.base_url = base_url.get();
    options.ca_bundle = ca_bundle.get();
    options.proxy = proxy.get();
    options.connect_timeout_ms = detail::duration(given.connect_timeout);
    options.request_timeout_ms = detail::duration(given.request_timeout);
    options.max_retries = given.max_retries;
    options.max_connections = given.max_connections;
    options.max_response_bytes = given.max_response_bytes;
    options.bundled_roots = given.bundled_roots;
    options.trust_env = given.trust_env;
    smileid_client_t *client = nullptr;
    smileid_error_t *error = nullptr;
    const std::int32_t code = make(&options, &client, &error);
    detail::check(code, error);
    client_.reset(client);
  }

 public:
  /* Needs partner_id, api_key, and environment or base_url. Throws InvalidArgumentError. */
  explicit Client(const ClientOptions &options) : Client(options, smileid_client_new) {}

  /* What the options leave open comes from SMILEID_PARTNER_ID, SMILEID_API_KEY, SMILEID_ENVIRONMENT, SMILEID_BASE_URL.
   */
  static Client from_env(const ClientOptions &options = ClientOptions()) {
    return Client(options, smileid_client_from_env);
  }

  /* Asks once. `cancel` is borrowed for the call. */
  Status get_job_status(std::string_view user_id, std::string_view job_id, const StatusOptions &given = StatusOptions(),
                        const CancelToken *cancel = nullptr) const {
    smileid_status_options_t options = detail::status_defaults();
    return ask(smileid_get_job_status, user_id, job_id, options, given, cancel);
  }

  /* Asks until the job is complete or the retries are used up, and returns the last status either way. */
  Status poll_job_status(std::string_view user_id, std::string_view job_id, const PollOptions &given = PollOptions(),
                         const CancelToken *cancel = nullptr) const {
    smileid_poll_options_t options = detail::poll_defaults();
    options.retry_count = given.retry_count;
    options.initial_delay_ms = detail::duration(given.initial_delay);
    options.max_delay_ms = detail::duration(given.max_delay);
    return ask(smileid_poll_job_status, user_id, job_id, options, given, cancel);
  }

  /* Waits until the job is complete. Throws JobIncompleteError when the time or the attempts are used up. */
  Status wait_until_complete(std::string_view user_id, std::string_view job_id,
                             const WaitOptions &given = WaitOptions(), const CancelToken *cancel = nullptr) const {
    smileid_wait_options_t options = detail::wait_defaults();
    options.retry_count = given.retry_count.value_or(SMILEID_NO_LIMIT);
    options.initial_delay_ms = detail::duration(given.initial_delay);
    options.max_delay_ms = detail::duration(given.max_delay);
    return ask(smileid_wait_until_complete, user_id, job_id, options, given, cancel);
  }

  /* Makes running waits for this job ask now. */
  void notify(std::string_view user_id, std::string_view job_id) const {
    const std::string user = detail::argument(user_id), job = detail::argument(job_id);
    smileid_error_t *error = nullptr;
    const std::int32_t code = smileid_notify(get(), user.c_str(), job.c_str(), &error);
    detail::check(code, error);
  }

  /* Ends running calls of all threads with ClientClosedError, and refuses new ones. */
  void close() const noexcept { smileid_client_close(client_.get()); }

  const smileid_client_t *get() const noexcept { return client_.get(); }

 private:
  template <class Verb, class Options, class Given>
  Status ask(Verb verb, std::string_view user_id, std::string_view job_id, Options &options, const Given &given,
             const CancelToken *cancel) const {
    const detail::Argument callback_url(given.callback_url);
    options.timeout_ms = detail::limit(given.timeout);
    options.return_history = given.return_history;
    options.return_image_links = given.return_image_links;
    options.return_job_status = given.return_job_status;
    options.callback_url = callback_url.get();
    const std::string user = detail::argument(user_id), job = detail::argument(job_id);
    smileid_status_t *status = nullptr;
    smileid_error_t *error = nullptr;
    const std::int32_t code =
        verb(get(), user.c_str(), job.c_str(), &options, cancel ? cancel->get() : nullptr, &status, &error);
    detail::check(code, error);
    return Status(
        std::shared_ptr<const smileid_status_t>(status, detail::Free<smileid_status_t, smileid_status_free>()));
  }
};

/* A timestamp with its signature: while it is fresh, as secret as the key. */
struct SignedTimestamp {
  std::string timestamp;
  std::string signature;
};

/* Makes and checks signatures for one partner. Throws InvalidArgumentError. */
class Signature {
  std::string partner_id_;
  std::string api_key_;

 public:
  Signature(std::string_view partner_id, std::string_view api_key)
      : partner_id_(detail::argument(partner_id)), api_key_(detail::argument(api_key)) {
    generate_signature(); /* so that wrong credentials show here */
  }

  /* Signs a timestamp's text as it is, or the present time. */
  SignedTimestamp generate_signature(std::optional<std::string_view> timestamp = std::nullopt) const {
    const std::string given = detail::argument(timestamp.value_or(std::string_view()));
    smileid_signed_t *raw = nullptr;
    smileid_error_t *error = nullptr;
    const std::int32_t code =
        smileid_sign(partner_id_.c_str(), api_key_.c_str(), timestamp ? given.c_str() : nullptr, &raw, &error);
    detail::check(code, error);
    const detail::Owned<smileid_signed_t, smileid_signed_free> pair(raw);
    return {std::string(detail::text(smileid_signed_timestamp(raw))),
            std::string(detail::text(smileid_signed_signature(raw)))};
  }

  /* Whether a signature belongs to a timestamp's text, in constant time. It does not prove a body. */
  bool confirm_signature(std::string_view timestamp, std::string_view signature) const {
    std::int32_t confirmed = 0;
    smileid_error_t *error = nullptr;
    const std::string signed_text = detail::argument(timestamp), given = detail::argument(signature);
    const std::int32_t code = smileid_confirm_signature(partner_id_.c_str(), api_key_.c_str(), signed_text.c_str(),
                                                        given.c_str(), &confirmed, &error);
    detail::check(code, error);
    return confirmed == 1;
  }
};

/* The version of the library that is running. */
inline std::string_view version() noexcept { return detail::text(smileid_version()); }

/* Ends all running calls of the process and its threads. Never needed at exit. */
inline void shutdown(Milliseconds grace) noexcept { smileid_shutdown(detail::duration(grace)); }

}  // namespace smileid

#endif /* SMILEID_JOBS_HPP */
