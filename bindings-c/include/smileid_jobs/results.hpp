/* What the other verbs return. Part of smileid_jobs.hpp: include that. */
#ifndef SMILEID_JOBS_RESULTS_HPP
#define SMILEID_JOBS_RESULTS_HPP

#include <utility>
#include <vector>

#include "options.hpp"

namespace smileid {

/* What one step came to. A cheap handle. */
class Step {
  std::shared_ptr<const smileid_step_t> step_;

 public:
  explicit Step(std::shared_ptr<const smileid_step_t> step) noexcept : step_(std::move(step)) {}

  bool is_finished() const noexcept { return smileid_step_is_finished(get()) == 1; }
  /* With a value when finished. */
  std::optional<Status> status() const {
    const smileid_status_t *status = smileid_step_status(get());
    if (!status) return std::nullopt;
    return Status(std::shared_ptr<const smileid_status_t>(step_, status));
  }
  /* How long to wait before the next step, and its token; without a value when finished. */
  std::optional<Milliseconds> after() const noexcept {
    return detail::number<Milliseconds>(smileid_step_after_ms(get()));
  }
  std::optional<std::string_view> token() const noexcept { return detail::optional_text(smileid_step_token(get())); }

  const smileid_step_t *get() const noexcept { return step_.get(); }
};

/* One downloaded image. A cheap handle: copies share the bytes of the whole download. */
class Image {
  std::shared_ptr<const smileid_images_t> images_;
  std::size_t index_;

 public:
  Image(std::shared_ptr<const smileid_images_t> images, std::size_t index) noexcept
      : images_(std::move(images)), index_(index) {}

  std::string_view key() const noexcept { return detail::text(smileid_images_key(images_.get(), index_)); }
  std::string_view content_type() const noexcept {
    return detail::text(smileid_images_content_type(images_.get(), index_));
  }
  /* Without a value when it was written to a file. */
  std::optional<std::string_view> data() const noexcept {
    std::size_t length = 0;
    const std::uint8_t *bytes = smileid_images_data(images_.get(), index_, &length);
    if (!bytes) return std::nullopt;
    return std::string_view(reinterpret_cast<const char *>(bytes), length);
  }
  /* Without a value when it is in memory. */
  std::optional<std::string_view> file() const noexcept {
    return detail::optional_text(smileid_images_file(images_.get(), index_));
  }
};

namespace detail {

inline std::vector<Image> images(smileid_images_t *raw) {
  const std::shared_ptr<const smileid_images_t> owned = shared<smileid_images_t, smileid_images_free>(raw);
  std::vector<Image> images;
  const std::size_t count = smileid_images_count(raw);
  images.reserve(count);
  for (std::size_t at = 0; at < count; ++at) images.emplace_back(owned, at);
  return images;
}

}  // namespace detail

/* A callback whose signature was verified; the body is not covered by it. A cheap handle. */
class Callback {
  std::shared_ptr<const smileid_callback_t> callback_;

 public:
  explicit Callback(std::shared_ptr<const smileid_callback_t> callback) noexcept : callback_(std::move(callback)) {}

  using Text = std::optional<std::string_view>;
  /* Always false. */
  bool body_authenticated() const noexcept { return smileid_callback_body_authenticated(get()) == 1; }
  Text user_id() const noexcept { return detail::optional_text(smileid_callback_user_id(get())); }
  Text job_id() const noexcept { return detail::optional_text(smileid_callback_job_id(get())); }
  std::optional<bool> job_complete() const noexcept { return detail::truth(smileid_callback_job_complete(get())); }
  std::optional<bool> job_success() const noexcept { return detail::truth(smileid_callback_job_success(get())); }
  Text code() const noexcept { return detail::optional_text(smileid_callback_code(get())); }
  Text message() const noexcept { return detail::optional_text(smileid_callback_message(get())); }
  std::optional<JobResult> result() const {
    const smileid_result_t *result = smileid_callback_result(get());
    if (!result) return std::nullopt;
    return JobResult(std::shared_ptr<const smileid_result_t>(callback_, result));
  }
  Text kyc_receipt() const noexcept { return detail::optional_text(smileid_callback_kyc_receipt(get())); }
  Text kyb_receipt() const noexcept { return detail::optional_text(smileid_callback_kyb_receipt(get())); }
  /* The body, byte for byte. Holds the signature and personal data, as json() does: do not log them. */
  std::string_view raw() const noexcept {
    std::size_t length = 0;
    const std::uint8_t *bytes = smileid_callback_raw(get(), &length);
    return bytes ? std::string_view(reinterpret_cast<const char *>(bytes), length) : std::string_view();
  }
  std::string_view json() const noexcept { return detail::text(smileid_callback_json(get())); }

  const smileid_callback_t *get() const noexcept { return callback_.get(); }
};

}  // namespace smileid

#endif /* SMILEID_JOBS_RESULTS_HPP */
