/* What the other parts share. Part of smileid_jobs.hpp: include that. */
#ifndef SMILEID_JOBS_BASE_HPP
#define SMILEID_JOBS_BASE_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "../smileid_jobs.h"

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

/* A number of retries that may be left open; as large a number as that is refused, not taken for it. */
inline std::uint64_t tries(std::optional<std::uint64_t> given) noexcept {
  return !given ? SMILEID_NO_LIMIT : *given == SMILEID_NO_LIMIT ? SMILEID_NO_LIMIT - 1 : *given;
}

inline std::optional<std::uint64_t> tries(std::uint64_t retry_count) noexcept {
  return retry_count == SMILEID_NO_LIMIT ? std::nullopt : std::optional<std::uint64_t>(retry_count);
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
constexpr auto many_defaults = defaults<smileid_many_options_t, smileid_many_options_init>;
constexpr auto download_defaults = defaults<smileid_download_options_t, smileid_download_options_init>;

/* Takes a C object over, to be shared by its handles. */
template <class T, void (*release)(T *)>
std::shared_ptr<const T> shared(T *owned) {
  return std::shared_ptr<const T>(owned, Free<T, release>());
}

}  // namespace detail

}  // namespace smileid

#endif /* SMILEID_JOBS_BASE_HPP */
