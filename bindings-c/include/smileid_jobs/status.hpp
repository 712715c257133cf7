/* Answers. Part of smileid_jobs.hpp: include that. */
#ifndef SMILEID_JOBS_STATUS_HPP
#define SMILEID_JOBS_STATUS_HPP

#include <cmath>
#include <vector>
#include <utility>

#include "base.hpp"

namespace smileid {

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

/* How a delivery to callback_url went. */
struct CallbackDelivery {
  bool delivered;
  int attempts;
  std::optional<int> http_status;
  /* An error's stable text, such as "timeout". */
  std::optional<std::string_view> error;
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
  /* The user's results, in the order received: as seen so far the newest first, the present one included. */
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
  /* Where callback_url was given and the job is complete. */
  std::optional<CallbackDelivery> callback_delivery() const {
    const std::optional<bool> delivered = detail::truth(smileid_status_callback_delivered(get()));
    if (!delivered) return std::nullopt;
    const std::int32_t error = smileid_status_callback_error(get());
    return CallbackDelivery{*delivered, smileid_status_callback_attempts(get()),
                            detail::number<int>(smileid_status_callback_http_status(get())),
                            error ? detail::optional_text(smileid_error_code_name(error)) : std::nullopt};
  }
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

}  // namespace smileid

#endif /* SMILEID_JOBS_STATUS_HPP */
