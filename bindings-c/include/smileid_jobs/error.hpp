/* Exceptions. Part of smileid_jobs.hpp: include that. */
#ifndef SMILEID_JOBS_ERROR_HPP
#define SMILEID_JOBS_ERROR_HPP

#include <stdexcept>

#include "status.hpp"

namespace smileid {

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
  /* Why a wait ended before its job. With JobIncompleteError. */
  Text reason() const noexcept { return detail::optional_text(smileid_error_reason(get())); }
  std::optional<int> http_status() const noexcept { return detail::number<int>(smileid_error_http_status(get())); }
  /* Whether the same call may well succeed if it is made again later. */
  bool is_transient() const noexcept { return smileid_error_is_transient(get()) != 0; }
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

/* Throws the error's class. */
[[noreturn]] inline void raise(const std::shared_ptr<const smileid_error_t> &error) {
  switch (smileid_error_code(error.get())) {
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

/* Takes the error over and throws its class; does nothing for SMILEID_OK. */
inline void check(std::int32_t code, smileid_error_t *raw) {
  if (code != SMILEID_OK) raise(shared<smileid_error_t, smileid_error_free>(raw));
}

}  // namespace detail

}  // namespace smileid

#endif /* SMILEID_JOBS_ERROR_HPP */
