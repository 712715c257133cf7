// A ManyStream taken from by several threads: its jobs are read by one at a time, and by none once it is ended.
#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <smileid_jobs.hpp>
#include <thread>

#include "check.h"

using namespace std::chrono_literals;
using smileid::Job;

static_assert(!std::is_copy_constructible_v<smileid::ManyStream> &&
              std::is_nothrow_move_constructible_v<smileid::ManyStream> &&
              std::is_nothrow_move_assignable_v<smileid::ManyStream>);

namespace {

const smileid::Client client = smileid::Client::from_env();

smileid::ManyOptions waiting(std::uint64_t max_waiting) {
  smileid::ManyOptions options;
  options.initial_delay = options.max_delay = 1ms;
  options.max_waiting = max_waiting;
  return options;
}

// What a source without a lock of its own notices of threads that are in it at once.
class Source {
  std::atomic<int> inside_{0};

 public:
  const int jobs;
  int read = 0;

  explicit Source(int count) : jobs(count) {}
  std::optional<Job> operator()() {
    CHECK(++inside_ == 1);
    std::this_thread::sleep_for(200us);
    const int at = read++;
    CHECK(--inside_ == 0);
    if (at >= jobs) return std::nullopt;
    return Job{"user-streams-cpp-" + std::to_string(at), at % 3 ? "complete" : "pending-1"};
  }
};

// With little room, threads also find nothing that waits while there is more to read: that is not the end.
void all_threads_get_outcomes(std::uint64_t max_waiting) {
  Source source(60);
  std::mutex mutex;
  std::set<std::string> users;
  smileid::ManyStream many = client.poll_many([&] { return source(); }, waiting(max_waiting));
  std::vector<std::thread> threads;
  for (int at = 0; at < 4; at++) {
    threads.emplace_back([&] {
      while (const std::optional<smileid::Outcome> outcome = many.next()) {
        CHECK(outcome->ok());
        const std::lock_guard<std::mutex> lock(mutex);
        CHECK(users.emplace(outcome->user_id()).second);
      }
      const std::lock_guard<std::mutex> lock(mutex);
      CHECK(users.size() + 4 > 60);
    });
  }
  for (std::thread &thread : threads) thread.join();
  CHECK(users.size() == 60 && source.read == 61 && many.progress().complete == 60);
}

// While one thread is held up by the source, another one gets what there is, and waits where there is nothing yet.
void a_slow_source_holds_back_one_thread() {
  std::promise<void> is_in_first, is_in_second, first, second;
  int read = 0;
  smileid::ManyStream many = client.poll_many([&]() -> std::optional<Job> {
    if (++read > 2) return std::nullopt;
    (read == 1 ? is_in_first : is_in_second).set_value();
    (read == 1 ? first : second).get_future().wait();
    return Job{"user-streams-cpp", "complete"};
  });
  std::thread reader([&] { CHECK(many.next() && !many.next()); });
  is_in_first.get_future().wait();
  std::future<bool> other = std::async(std::launch::async, [&] { return many.next().has_value(); });
  CHECK(other.wait_for(40ms) == std::future_status::timeout);
  first.set_value();
  is_in_second.get_future().wait();
  CHECK(other.get());
  second.set_value();
  reader.join();
  CHECK(read == 3);
}

// Nor does it keep another thread from hearing the end.
void whoever_waits_for_a_source_hears_the_end() {
  for (const bool is_closed : {true, false}) {
    const smileid::CancelToken token;
    std::promise<void> is_inside, may_go_on;
    const auto stuck = [&]() -> std::optional<Job> {
      is_inside.set_value();
      may_go_on.get_future().wait();
      return std::nullopt;
    };
    smileid::ManyStream many = client.poll_many(stuck, waiting(1), &token);
    const auto end = [&] {
      try {
        return !many.next() && is_closed;
      } catch (const smileid::CancelledError &) {
        return !is_closed;
      }
    };
    std::future<bool> reader = std::async(std::launch::async, end);
    is_inside.get_future().wait();
    std::future<bool> other = std::async(std::launch::async, end);
    CHECK(other.wait_for(20ms) == std::future_status::timeout);
    is_closed ? many.close() : token.cancel();
    CHECK(other.get());
    may_go_on.set_value();
    CHECK(reader.get() && many.is_closed() && many.room() == 0);
  }
}

// Nothing is read for a stream that is ended, and nothing sent: the test looks into the sandbox's log.
void an_ended_stream_reads_no_job() {
  for (const int ends_at : {0, 3}) {
    for (const bool is_closed : {true, false}) {
      const smileid::CancelToken token;
      smileid::ManyStream *running = nullptr;
      int read = 0;
      const auto end = [&] { is_closed ? running->close() : token.cancel(); };
      const auto source = [&]() -> std::optional<Job> {
        if (++read == ends_at) end();
        return Job{"user-streams-ended", "complete"};
      };
      smileid::ManyStream many = client.poll_many(source, {}, &token);
      running = &many;
      if (!ends_at) end();
      for (int time = 0; time < 2; time++) {
        try {
          CHECK(!many.next() && is_closed);
        } catch (const smileid::CancelledError &) {
          CHECK(!is_closed);
        }
      }
      CHECK(read == ends_at && many.is_closed() && many.room() == 0);
    }
  }
}

}  // namespace

int main() {
  all_threads_get_outcomes(1);
  all_threads_get_outcomes(8);
  a_slow_source_holds_back_one_thread();
  whoever_waits_for_a_source_hears_the_end();
  an_ended_stream_reads_no_job();
  return 0;
}
