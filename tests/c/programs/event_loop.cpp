// What only C++ can get wrong about event loops: exceptions out of callbacks, moves, callables that nobody calls.
#include <poll.h>

#include <memory>
#include <smileid_jobs.hpp>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "check.h"

using namespace std::chrono_literals;
using smileid::Ended;
using smileid::EventLoop;

static_assert(!std::is_copy_constructible_v<EventLoop> && std::is_nothrow_move_constructible_v<EventLoop> &&
              std::is_nothrow_move_assignable_v<EventLoop>);
static_assert(std::is_copy_constructible_v<Ended>);

namespace {

const smileid::Client client = smileid::Client::from_env();

// Whether there was something to do in time.
bool wait(const EventLoop &loop) {
  pollfd watched{loop.fd(), POLLIN, 0};
  return poll(&watched, 1, 10000) == 1;
}

template <class Error, class Call>
void throws(const char *argument, Call call) {
  try {
    call();
  } catch (const smileid::SmileIDError &error) {
    CHECK(dynamic_cast<const Error *>(&error) && (!argument || error.argument() == argument));
    return;
  }
  CHECK(!"expected an exception");
}

// Ends are cheap handles that live on, and are told apart as outcomes are.
void ends() {
  std::optional<Ended> good, bad, polled;
  EventLoop loop;
  smileid::StatusOptions polling;
  polling.return_history = polling.return_job_status = true;
  loop.get_job_status(client, "user-cpp-loop", "complete", [&](const Ended &ended) { good = ended; });
  loop.get_job_status(client, "user-cpp-loop", "status-400", [&](const Ended &ended) { bad = ended; });
  loop.get_job_status(client, "user-cpp-loop", "complete", [&](const Ended &ended) { polled = ended; }, polling);
  CHECK(!good && !bad && !polled);
  std::size_t called = 0;
  while (called < 3) {
    CHECK(wait(loop));
    called += loop.turn();
  }
  CHECK(called == 3 && good->ok() && !good->error() && good->status().job_complete());
  CHECK(polled->ok() && !polled->status().history().empty());
  CHECK(!bad->ok() && bad->error()->number() == SMILEID_ERROR_REJECTED);
  throws<smileid::RequestRejectedError>(nullptr, [&] { bad->status(); });
}

// The others are called all the same, the first exception comes out of the turn, and the loop goes on.
void exceptions() {
  EventLoop loop;
  smileid::CancelToken cancelled;
  cancelled.cancel();
  int called = 0;
  for (int at = 0; at < 3; at++) {
    auto throwing = [&called, at](const Ended &ended) {
      called++;
      if (at < 2) throw std::out_of_range(at ? "second" : "first");
      CHECK(ended.error()->number() == SMILEID_ERROR_CANCELLED);
    };
    loop.get_job_status(client, "user-cpp-loop", "before", throwing, {}, &cancelled);
  }
  CHECK(wait(loop) && !called);
  try {
    loop.turn();
    CHECK(!"expected an exception");
  } catch (const std::out_of_range &error) {
    CHECK(error.what() == std::string("first") && called == 3);
  }
  CHECK(!loop.turn());
  loop.get_job_status(client, "user-cpp-loop", "complete", [](const Ended &ended) { ended.status(); });
  loop.get_job_status(client, "user-cpp-loop", "complete", [&](const Ended &) {
    // A query that a callback starts, and whose end is an exception of this library's.
    loop.get_job_status(client, "user-cpp-loop", "status-400", [](const Ended &ended) { ended.status(); });
  });
  throws<smileid::RequestRejectedError>(nullptr, [&] {
    while (wait(loop)) loop.turn();
  });
}

// What callables hold is freed: after their call, with the loop, and when their query was refused.
void callables() {
  const auto held = std::make_shared<int>(0);
  auto counting = [held](const Ended &) { ++*held; };
  smileid::CancelToken token;
  EventLoop moved;
  {
    EventLoop loop;
    const int fd = loop.fd();
    loop.get_job_status(client, "user-cpp-loop", "stall", counting, {}, &token);
    loop.get_job_status(client, "user-cpp-loop", "complete", counting);
    moved = std::move(loop);
    CHECK(fd >= 0 && moved.fd() == fd && loop.fd() == -1 && !loop.turn());
    throws<smileid::InvalidArgumentError>("event_loop",
                                          [&] { loop.get_job_status(client, "user-cpp-loop", "complete", counting); });
  }
  CHECK(held.use_count() == 4);
  while (!*held && wait(moved)) moved.turn();
  CHECK(*held == 1 && held.use_count() == 3);
  throws<smileid::InvalidArgumentError>("done", [&] { moved.get_job_status(client, "u", "j", nullptr); });
  throws<smileid::InvalidArgumentError>(
      "job_id", [&] { moved.get_job_status(client, "u", std::string_view("a\0b", 3), counting); });
  CHECK(held.use_count() == 3);
  moved = EventLoop();
  CHECK(*held == 1 && held.use_count() == 2);
  moved.get_job_status(client, "user-cpp-loop", "stall", counting, {}, &token);
  token.cancel();
  while (*held == 1 && wait(moved)) moved.turn();
  CHECK(*held == 2 && held.use_count() == 2);
}

}  // namespace

int main() {
  ends();
  exceptions();
  callables();
  return 0;
}
