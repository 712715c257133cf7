// What only C++ can get wrong: moves, views, classes, negative durations, texts with NUL, two translation units.
#include "wrapper.hpp"

#include <atomic>
#include <stdexcept>
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
  CHECK(first.is_closed() && !second.is_closed());
  second.close();
  CHECK(second.is_closed());
  first.close();
  first = Client::from_env();
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
  CHECK(!kept->is_transient() && kept->http_status() == 400 && kept->attempts() == 2 && kept->elapsed() >= 5ms && !kept->retry_after() &&
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

smileid::WaitOptions waiting(smileid::Milliseconds delay) {
  smileid::WaitOptions options;
  options.initial_delay = options.max_delay = delay;
  options.timeout = std::nullopt;
  return options;
}

static_assert(!std::is_copy_constructible_v<smileid::WatchStream> &&
              std::is_nothrow_move_constructible_v<smileid::WatchStream>);
static_assert(!std::is_copy_constructible_v<smileid::ManyStream> &&
              std::is_move_constructible_v<smileid::ManyStream>);

// Streams are moved, and what they handed out outlives them and their client.
void streams_move_and_items_outlive_them() {
  std::vector<smileid::Update> updates;
  std::vector<smileid::Outcome> outcomes;
  {
    const Client own = Client::from_env();
    smileid::WatchStream first = own.watch_job_status("user-cpp", "pending-2", waiting(1ms));
    updates.push_back(first.next().value());
    smileid::WatchStream second = std::move(first);
    for (const smileid::Update &update : second) updates.push_back(update);
    CHECK(!second.next());
    smileid::ManyOptions options;
    options.initial_delay = options.max_delay = 1ms;
    smileid::ManyStream many =
        own.poll_many(std::vector<smileid::Job>{{"user-cpp", "complete"}, {"user-cpp", "unauthorized"}}, options);
    smileid::ManyStream moved = std::move(many);
    for (const smileid::Outcome &outcome : moved) outcomes.push_back(outcome);
    CHECK(moved.progress().complete == 1 && moved.progress().failed == 1 && moved.progress().waiting == 0);
  }
  CHECK(updates.size() == 3 && updates[0].attempt() == 1 && updates[0].next_delay() && !updates[2].next_delay());
  CHECK(updates[2].status().job_complete() && updates[2].status().user_id() == "user-cpp");
  for (const smileid::Outcome &outcome : outcomes) {
    if (outcome.ok()) {
      CHECK(outcome.job_id() == "complete" && outcome.status().job_complete() && !outcome.error());
    } else {
      CHECK(outcome.job_id() == "unauthorized" && outcome.error()->code() == "authentication");
      throws<smileid::AuthenticationError>(nullptr, [&] { outcome.status(); });
    }
  }
}

// What the input throws comes out of next(), once; texts with NUL are no ids.
void inputs_that_fail() {
  int read = 0;
  smileid::ManyStream many = global.poll_many([&]() -> std::optional<smileid::Job> {
    if (++read == 2) throw std::domain_error("mine");
    if (read > 3) return std::nullopt;
    return smileid::Job{"user-cpp", "complete"};
  });
  try {
    many.next();
    CHECK(!"expected an exception");
  } catch (const std::domain_error &) {
  }
  int ended = 0;
  while (many.next()) ended++;
  CHECK(ended == 2 && read == 4);
  throws<smileid::InvalidArgumentError>("user_id", [&] { many.add(std::string_view("a\0b", 3), "j"); });
  throws<smileid::InvalidArgumentError>("job_id", [] { global.notify("u", std::string_view("a\0b", 3)); });
  smileid::WaitOptions options;
  options.token = "junk";
  throws<smileid::PollTokenError>(nullptr, [&] { global.poll_step("user-cpp", "never", options); });
  throws<smileid::InvalidArgumentError>("token", [&] { global.watch_job_status("user-cpp", "never", options); });
}

// From another thread: close() ends next(), a notify wakes what would sleep for an hour, a token cancels.
void from_another_thread() {
  smileid::WatchStream stalled = global.watch_job_status("user-cpp", "stall");
  smileid::ManyStream many = global.poll_many(std::vector<smileid::Job>{{"user-cpp", "stall"}});
  std::thread closing([&] {
    std::this_thread::sleep_for(60ms);
    stalled.close();
    many.close();
  });
  CHECK(!stalled.next() && !many.next());
  closing.join();

  std::atomic<bool> is_over{false};
  std::thread waking([&] {
    while (!is_over) {
      std::this_thread::sleep_for(2ms);
      global.notify("user-cpp-woken", "pending-1");
    }
  });
  CHECK(global.wait_until_complete("user-cpp-woken", "pending-1", waiting(1h)).job_complete());
  is_over = true;
  waking.join();

  const smileid::CancelToken token;
  smileid::StatusOptions linked;
  linked.return_image_links = true;
  const smileid::Status status = global.get_job_status("user-cpp", "stalling-images", linked);
  std::thread cancelling([&] {
    std::this_thread::sleep_for(100ms);
    token.cancel();
  });
  std::vector<std::thread> waits;
  waits.emplace_back([&] {
    throws<smileid::CancelledError>(nullptr,
                                    [&] { global.wait_until_complete("user-cpp", "never", waiting(1h), &token); });
  });
  waits.emplace_back([&] {
    throws<smileid::CancelledError>(nullptr, [&] { global.download_images(status, {}, &token); });
  });
  waits.emplace_back([&] {
    throws<smileid::CancelledError>(nullptr, [&] { global.poll_step("user-cpp", "stall", {}, &token); });
  });
  waits.emplace_back([&] {
    smileid::WatchStream watch = global.watch_job_status("user-cpp", "stall", {}, &token);
    throws<smileid::CancelledError>(nullptr, [&] { watch.next(); });
    throws<smileid::CancelledError>(nullptr, [&] { watch.next(); });
  });
  for (std::thread &wait : waits) wait.join();
  cancelling.join();
}

// Steps, images and callbacks are cheap handles: what was read from a copy stays.
void handles_of_the_newer_verbs() {
  std::optional<smileid::WaitOptions> next = waiting(1ms);
  std::optional<smileid::Status> status;
  int taken = 0;
  for (; !status; taken++) {
    const smileid::Step step = global.poll_step("user-cpp-steps", "pending-2", *next);
    status = step.status();
    CHECK(step.is_finished() == !step.token() && step.is_finished() == !step.after());
    if (step.token()) next->token = std::string(*step.token());
  }
  CHECK(taken == 3 && status->job_complete());

  std::optional<smileid::Image> image;
  {
    smileid::StatusOptions linked;
    linked.return_image_links = true;
    const std::vector<smileid::Image> images =
        global.download_images(global.get_job_status("user-cpp", "images", linked));
    CHECK(images.size() > 1);
    image = images.back();
  }
  CHECK(image->data() && image->data()->size() > 10 && !image->file() && !image->key().empty());

  const smileid::Signature signature(std::getenv("SMILEID_PARTNER_ID"), std::getenv("SMILEID_API_KEY"));
  const auto pair = signature.generate_signature();
  const std::string body =
      R"({"ResultCode":"0810","timestamp":")" + pair.timestamp + R"(","signature":")" + pair.signature + "\"}";
  std::optional<smileid::JobResult> result;
  {
    const smileid::Callback callback = global.verify_callback(body, 1h);
    CHECK(!callback.body_authenticated());
    CHECK(!callback.code() && !callback.message() && !callback.kyc_receipt() && !callback.kyb_receipt());
    CHECK(callback.raw() == body);
    result = callback.result();
  }
  CHECK(result->result_code() == "0810");
  const smileid::Callback whole = global.verify_callback(
      R"({"code":2302,"result":"none","kyc_receipt":"a.pdf","kyb_receipt":"b.pdf",)" + body.substr(body.find(',') + 1));
  CHECK(whole.code() == "2302" && whole.message() == "none" && !whole.result());
  CHECK(whole.kyc_receipt() == "a.pdf" && whole.kyb_receipt() == "b.pdf");
  throws<smileid::InvalidResponseError>(nullptr, [] { global.verify_callback({}); });
  throws<smileid::SignatureError>(nullptr, [&] { global.verify_callback(R"({"timestamp":"t","signature":"s"})"); });
}

}  // namespace

int main() {
  moves();
  views_outlive_handles();
  refusals();
  exceptions_keep_what_is_known();
  cancels();
  streams_move_and_items_outlive_them();
  inputs_that_fail();
  from_another_thread();
  handles_of_the_newer_verbs();
  // An exception made in another translation unit is caught by its class.
  throws<smileid::ConnectError>(nullptr, [] { ask_nobody(valid()); });
  CHECK(smileid::version() == SMILEID_VERSION);
  return 0;
}
