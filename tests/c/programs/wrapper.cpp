// What only C++ can get wrong: moves, views, classes, negative durations, texts with NUL, two translation units.
#include "wrapper.hpp"

#include <thread>
#include <type_traits>
#include <utility>

#include "check.h"

using namespace std::chrono_literals;
using smileid::Client;

static_assert(!std::is_copy_constructible_v<Client> && std::is_nothrow_move_constructible_v<Client>);
static_assert(!std::is_copy_constructible_v<smileid::CancelToken> &&
              std::is_nothrow_move_assignable_v<smileid::CancelToken>);
static_assert(std::is_nothrow_move_constructible_v<smileid::Status> && std::is_copy_constructible_v<smileid::Status>);
static_assert(std::is_base_of_v<std::runtime_error, smileid::SmileIDError>);
static_assert(std::is_nothrow_copy_constructible_v<smileid::RequestTimeoutError>,
              "an exception that throws when copied ends the program");

namespace {

// Lives until after main: its destructor runs among the other statics'.
const Client global = Client::from_env();

template <class Error, class Call>
void throws(const char *argument, Call call) {
  try {
    call();
  } catch (const Error &error) {
    CHECK(!argument || error.argument() == argument);
    CHECK(error.what() == error.message());
    return;
  }
  CHECK(!"expected an exception");
}

smileid::ClientOptions valid() {
  smileid::ClientOptions options;
  options.partner_id = "001";
  options.api_key = "key";
  options.base_url = "http://127.0.0.1:9";
  return options;
}

void moves() {
  Client first = Client::from_env();
  Client second = std::move(first);
  CHECK(second.get_job_status("user-cpp", "complete").job_complete());
  throws<smileid::InvalidArgumentError>("client", [&] { first.get_job_status("u", "j"); });
  first.close();
  first = std::move(second);
  CHECK(first.get_job_status("user-cpp", "complete").job_complete());
  smileid::CancelToken token, other = std::move(token);
  other.cancel();
  token.cancel();
  CHECK(other.is_cancelled() && !token.is_cancelled());
}

void views_outlive_handles() {
  std::optional<smileid::JobResult> result;
  std::vector<smileid::JobResult> history;
  std::string_view code;
  {
    smileid::StatusOptions options;
    options.return_history = options.return_image_links = true;
    const smileid::Status status = Client::from_env().get_job_status("user-cpp", "complete", options);
    const smileid::Status copy = status;
    CHECK(copy.get() == status.get() && copy.job_success() == true && copy.raw().size() > 100);
    CHECK(copy.has_image_links() && copy.selfie_image() && !copy.liveness_images().empty());
    result = copy.result();
    history = copy.history();
    code = result->result_code().value();
  }
  CHECK(code == "0810" && result->is_final_result() == true && result->confidence_value() > 0 && result->job_type());
  CHECK(!history.empty() && history.back().result_code());
  history.clear();
  CHECK(code == "0810" && result->user_id() == "user-cpp" && !result->signature());
}

void refusals() {
  const std::string nul("a\0b", 3);
  smileid::ClientOptions options = valid();
  options.api_key = nul;
  throws<smileid::InvalidArgumentError>("api_key", [&] { Client{options}; });
  options = valid();
  options.request_timeout = -1ms;
  throws<smileid::InvalidArgumentError>("request_timeout", [&] { Client{options}; });
  options = valid();
  options.max_retries = static_cast<std::uint64_t>(-1);
  throws<smileid::InvalidArgumentError>("max_retries", [&] { Client{options}; });
  throws<smileid::InvalidArgumentError>("partner_id", [] { Client{smileid::ClientOptions()}; });
  throws<smileid::InvalidArgumentError>("job_id", [&] { global.get_job_status("u", nul); });
  smileid::PollOptions poll;
  poll.timeout = -1h;
  throws<smileid::InvalidArgumentError>("timeout", [&] { global.poll_job_status("u", "j", poll); });
  poll = smileid::PollOptions();
  poll.initial_delay = -5s;
  throws<smileid::InvalidArgumentError>("initial_delay", [&] { global.poll_job_status("u", "j", poll); });
  throws<smileid::InvalidArgumentError>("partner_id", [] { smileid::Signature("", "key"); });
  const smileid::Signature signature("001", "apikey");
  throws<smileid::InvalidArgumentError>("timestamp", [&] { signature.generate_signature(nul); });
  const auto pair = signature.generate_signature();
  CHECK(signature.confirm_signature(pair.timestamp, pair.signature) &&
        !signature.confirm_signature("t", pair.signature));
  CHECK(signature.generate_signature("").timestamp.empty());
}

// What is known about a failure stays after client, call and catch are gone.
void exceptions_keep_what_is_known() {
  std::optional<smileid::SmileIDError> kept;
  try {
    smileid::PollOptions poll;
    poll.retry_count = 1;
    poll.initial_delay = poll.max_delay = 5ms;
    Client::from_env().poll_job_status("user-own", "pending-then-refused", poll);
    CHECK(!"expected an exception");
  } catch (const smileid::APIError &error) {
    CHECK(dynamic_cast<const smileid::RequestRejectedError *>(&error));
    kept = error;
  }
  CHECK(kept->http_status() == 400 && kept->attempts() == 2 && kept->elapsed() >= 5ms && !kept->retry_after() &&
        !kept->last_error());
  const smileid::Status last = kept->last_status().value();
  CHECK(kept->raw() && kept->user_id() == "user-own");
  kept.reset();
  CHECK(!last.job_complete() && last.job_id() == "pending-then-refused" && !last.result());
  smileid::ClientOptions nobody = valid();
  nobody.max_retries = 0;
  throws<smileid::NetworkError>(nullptr, [&] { Client(nobody).get_job_status("u", "j"); });
}

void cancels() {
  const smileid::CancelToken token;
  std::thread other([&] {
    std::this_thread::sleep_for(60ms);
    token.cancel();
  });
  throws<smileid::CancelledError>(nullptr, [&] { global.poll_job_status("user-cpp", "stall", {}, &token); });
  other.join();
  throws<smileid::CancelledError>(nullptr, [&] { global.get_job_status("user-cpp", "complete", {}, &token); });
}

}  // namespace

int main() {
  moves();
  views_outlive_handles();
  refusals();
  exceptions_keep_what_is_known();
  cancels();
  // An exception made in another translation unit is caught by its class.
  throws<smileid::ConnectError>(nullptr, [] { ask_nobody(valid()); });
  CHECK(smileid::version() == SMILEID_VERSION);
  return 0;
}
