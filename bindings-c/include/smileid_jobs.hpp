/*
 * smileid-jobs for C++17: smileid_jobs.h with RAII, exceptions, std::optional and std::chrono. Header only; link the
 * same library.
 *
 * Unofficial, not affiliated with Smile ID. What the values mean, their units and defaults stand in smileid_jobs.h.
 *
 * Threads. Every object may be used from several threads at the same time, unless one of them assigns, moves or
 * destroys it; an EventLoop and an iterator are used by one at a time.
 *
 * Views. A std::string_view from a Status, JobResult or exception is valid as long as any copy of that object lives.
 *
 * Errors. Functions that can fail throw the class of the error's code; all derive from smileid::SmileIDError.
 */
#ifndef SMILEID_JOBS_HPP
#define SMILEID_JOBS_HPP

#include "smileid_jobs/client.hpp"
#include "smileid_jobs/event_loop.hpp"

namespace smileid {

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

/* Hands the library's log to a function, for the whole process: see smileid_set_log_callback. It must not throw. */
inline void set_log_callback(std::int32_t level, smileid_log_callback_t callback, void *user_data = nullptr) noexcept {
  smileid_set_log_callback(level, callback, user_data);
}

}  // namespace smileid

#endif /* SMILEID_JOBS_HPP */
