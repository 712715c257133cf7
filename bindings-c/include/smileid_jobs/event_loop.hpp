/* Queries on a program's own event loop. Part of smileid_jobs.hpp: include that. */
#ifndef SMILEID_JOBS_EVENT_LOOP_HPP
#define SMILEID_JOBS_EVENT_LOOP_HPP

#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <utility>

#include "client.hpp"

namespace smileid {

/* How a query of an event loop ended. A cheap handle. */
class Ended {
  std::shared_ptr<const smileid_status_t> status_;
  std::shared_ptr<const smileid_error_t> error_;

 public:
  /* Takes over what the callback of smileid_get_job_status_start got. */
  Ended(smileid_status_t *status, smileid_error_t *error)
      : status_(status ? detail::shared<smileid_status_t, smileid_status_free>(status) : nullptr),
        error_(error ? detail::shared<smileid_error_t, smileid_error_free>(error) : nullptr) {}

  bool ok() const noexcept { return status_ != nullptr; }
  /* The status; throws the query's error where there is none. */
  Status status() const {
    if (!status_) detail::raise(error_);
    return Status(status_);
  }
  /* Why there is no status, as the base class: code() says which. */
  std::optional<SmileIDError> error() const {
    return error_ ? std::optional<SmileIDError>(SmileIDError(error_)) : std::nullopt;
  }
};

/* Queries without a thread for each: the program's own event loop watches fd() for reading, and calls turn() when it is
 * readable. Move only; its end drops its queries, untold. For one thread at a time. */
class EventLoop {
 public:
  using Done = std::function<void(const Ended &)>;

 private:
  struct State;
  struct Call {
    State *state;
    Done done;
    std::list<Call>::iterator place;
  };
  struct State {
    std::list<Call> calls;
    /* What the first callback of a turn has thrown. */
    std::exception_ptr thrown;
    /* The last one, so that it ends before what it would call. */
    detail::Owned<smileid_event_loop_t, smileid_event_loop_free> event_loop;
  };
  std::unique_ptr<State> state_;

  /* No exception may pass through the library. */
  static void end(void *user_data, std::int32_t, smileid_status_t *status, smileid_error_t *error) noexcept {
    Call *const call = static_cast<Call *>(user_data);
    State &state = *call->state;
    std::list<Call> ended;
    ended.splice(ended.end(), state.calls, call->place);
    try {
      call->done(Ended(status, error));
    } catch (...) {
      if (!state.thrown) state.thrown = std::current_exception();
    }
  }

 public:
  EventLoop() : state_(std::make_unique<State>()) {
    smileid_event_loop_t *event_loop = nullptr;
    smileid_error_t *error = nullptr;
    const std::int32_t code = smileid_event_loop_new(&event_loop, &error);
    detail::check(code, error);
    state_->event_loop.reset(event_loop);
  }

  /* The descriptor to watch, level-triggered; -1 in a forked child. */
  int fd() const noexcept { return smileid_event_loop_fd(get()); }

  /* Does what there is to do, and returns how many callbacks it called. Never waits. What a callback throws comes out of
   * here once the others were called; of several exceptions, the first. */
  std::size_t turn() {
    const std::size_t called = smileid_event_loop_turn(get());
    if (state_ && state_->thrown) std::rethrow_exception(std::exchange(state_->thrown, nullptr));
    return called;
  }

  /* Asks once. `done` is called by a later turn(), exactly once, unless this throws. It may start further queries, but not
   * end this event loop. `client` and `cancel` are borrowed for the call; the token can be cancelled later all the same. */
  void get_job_status(const Client &client, std::string_view user_id, std::string_view job_id, Done done,
                      const StatusOptions &given = StatusOptions(), const CancelToken *cancel = nullptr) {
    const detail::Asking asking(given);
    const std::string user = detail::argument(user_id), job = detail::argument(job_id);
    const smileid_ended_callback_t told = done ? &EventLoop::end : nullptr;
    std::list<Call> call;
    call.push_front(Call{state_.get(), std::move(done), {}});
    call.front().place = call.begin();
    smileid_error_t *error = nullptr;
    const std::int32_t code =
        smileid_get_job_status_start(get(), client.get(), user.c_str(), job.c_str(), &asking.options,
                                     cancel ? cancel->get() : nullptr, told, &call.front(), &error);
    detail::check(code, error);
    state_->calls.splice(state_->calls.end(), call);
  }

  const smileid_event_loop_t *get() const noexcept { return state_ ? state_->event_loop.get() : nullptr; }
};

}  // namespace smileid

#endif /* SMILEID_JOBS_EVENT_LOOP_HPP */
