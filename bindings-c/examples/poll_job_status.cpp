// Polls one job to its end and prints what came of it.
#include <iostream>
#include <smileid_jobs.hpp>

int main() try {
  using namespace std::chrono_literals;
  // SMILEID_PARTNER_ID, SMILEID_API_KEY, and SMILEID_ENVIRONMENT or SMILEID_BASE_URL
  const auto client = smileid::Client::from_env();
  smileid::PollOptions poll;
  poll.return_history = poll.return_image_links = true;
  poll.initial_delay = 200ms;
  const auto status = client.poll_job_status("user-1", "pending-2", poll);
  if (!status.job_complete()) {
    std::cout << "not ready yet; ask again later\n";
    return 0;
  }
  const auto result = status.result();
  std::cout << "succeeded: " << (status.job_success() == true ? "true" : "false") << " (code "
            << (result ? result->result_code() : std::nullopt).value_or("-") << ", "
            << (result ? result->result_text() : std::nullopt).value_or("-") << ")\n"
            << "history: " << status.history().size() << " results\n"
            << "images: selfie and " << status.liveness_images().size() << " liveness\n";
} catch (const smileid::AuthenticationError &error) {
  std::cerr << "check key and environment: " << error.what() << "\n";
  return 1;
} catch (const smileid::SmileIDError &error) {
  std::cerr << error.code() << ": " << error.what() << "\n";
  return 1;
}
