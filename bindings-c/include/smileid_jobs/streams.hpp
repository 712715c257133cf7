/* Watches and many jobs. Part of smileid_jobs.hpp: include that. */
#ifndef SMILEID_JOBS_STREAMS_HPP
#define SMILEID_JOBS_STREAMS_HPP

#include <cstddef>
#include <functional>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>

#include "options.hpp"

namespace smileid {

/* A job and its user. */
struct Job {
  std::string user_id;
  std::string job_id;
};

/* One answer about a watched job. A cheap handle. */
class Update {
  std::shared_ptr<const smileid_update_t> update_;

 public:
  explicit Update(std::shared_ptr<const smileid_update_t> update) noexcept : update_(std::move(update)) {}

  /* Counted from 1. */
  std::uint32_t attempt() const noexcept { return smileid_update_attempt(get()); }
  Milliseconds elapsed() const noexcept { return Milliseconds(smileid_update_elapsed_ms(get())); }
  Status status() const {
    return Status(std::shared_ptr<const smileid_status_t>(update_, smileid_update_status(get())));
  }
  bool changed() const noexcept { return smileid_update_changed(get()) == 1; }
  /* Without a value in the last update. */
  std::optional<Milliseconds> next_delay() const noexcept {
    return detail::number<Milliseconds>(smileid_update_next_delay_ms(get()));
  }

  const smileid_update_t *get() const noexcept { return update_.get(); }
};

/* How one of many jobs ended. A cheap handle. */
class Outcome {
  std::shared_ptr<const smileid_outcome_t> outcome_;

 public:
  explicit Outcome(std::shared_ptr<const smileid_outcome_t> outcome) noexcept : outcome_(std::move(outcome)) {}

  std::string_view user_id() const noexcept { return detail::text(smileid_outcome_user_id(get())); }
  std::string_view job_id() const noexcept { return detail::text(smileid_outcome_job_id(get())); }
  bool ok() const noexcept { return smileid_outcome_status(get()) != nullptr; }
  /* The complete status; throws the job's error where there is none. */
  Status status() const {
    const smileid_status_t *status = smileid_outcome_status(get());
    if (!status) detail::raise(std::shared_ptr<const smileid_error_t>(outcome_, smileid_outcome_error(get())));
    return Status(std::shared_ptr<const smileid_status_t>(outcome_, status));
  }
  /* Why there is no status, as the base class: code() says which. */
  std::optional<SmileIDError> error() const {
    const smileid_error_t *error = smileid_outcome_error(get());
    if (!error) return std::nullopt;
    return SmileIDError(std::shared_ptr<const smileid_error_t>(outcome_, error));
  }

  const smileid_outcome_t *get() const noexcept { return outcome_.get(); }
};

/* An input iterator over what a stream's next() returns, for range-for. */
template <class Stream, class Item>
class StreamIterator {
  Stream *stream_ = nullptr;
  std::optional<Item> item_;

 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = Item;
  using difference_type = std::ptrdiff_t;
  using pointer = const Item *;
  using reference = const Item &;

  StreamIterator() = default;
  explicit StreamIterator(Stream &stream) : stream_(&stream) { ++*this; }
  reference operator*() const { return *item_; }
  pointer operator->() const { return &*item_; }
  StreamIterator &operator++() {
    item_ = stream_->next();
    return *this;
  }
  void operator++(int) { ++*this; }
  /* Only the end is equal to the end. */
  friend bool operator==(const StreamIterator &left, const StreamIterator &right) {
    return !left.item_ && !right.item_;
  }
  friend bool operator!=(const StreamIterator &left, const StreamIterator &right) { return !(left == right); }
};

/* What is new about one job: `for (const smileid::Update &update : client.watch_job_status(...))`. Move only; its end
 * drops its request. begin() asks for the first update. */
class WatchStream {
  detail::Owned<smileid_watch_t, smileid_watch_free> watch_;
  const CancelToken *cancel_;

 public:
  using iterator = StreamIterator<WatchStream, Update>;

  WatchStream(smileid_watch_t *watch, const CancelToken *cancel) noexcept : watch_(watch), cancel_(cancel) {}

  /* Waits for the next update; without a value after the last one. Throws JobIncompleteError when the time is up. */
  std::optional<Update> next() {
    smileid_update_t *update = nullptr;
    smileid_error_t *error = nullptr;
    const std::int32_t code = smileid_watch_next(get(), cancel_ ? cancel_->get() : nullptr, &update, &error);
    detail::check(code, error);
    if (!update) return std::nullopt;
    return Update(detail::shared<smileid_update_t, smileid_update_free>(update));
  }
  iterator begin() { return iterator(*this); }
  iterator end() { return iterator(); }
  /* Ends it from any thread: next() returns without a value. */
  void close() const noexcept { smileid_watch_close(get()); }

  const smileid_watch_t *get() const noexcept { return watch_.get(); }
};

/* How far a ManyStream has come. */
struct ManyProgress {
  std::size_t complete = 0;
  std::size_t failed = 0;
  std::size_t waiting = 0;
};

/* Many jobs at once: `for (const smileid::Outcome &outcome : client.poll_many(jobs))`. Move only; its end drops all of
 * its requests. begin() waits for the first outcome. */
class ManyStream {
  struct Source {
    /* Gives the next job, while there is one. */
    std::function<std::optional<Job>()> jobs;
    std::mutex reading;
  };
  detail::Owned<smileid_many_t, smileid_many_free> many_;
  const CancelToken *cancel_;
  /* Apart, for a mutex does not move. */
  std::unique_ptr<Source> source_;

  /* Reads while there is room, unless another thread does: it is not waited for. Whether all is read. */
  bool read() {
    if (!source_) return true;
    const std::unique_lock<std::mutex> reading(source_->reading, std::try_to_lock);
    if (!reading) return false;
    while (source_->jobs && !(cancel_ && cancel_->is_cancelled()) && room() > 0) {
      const std::optional<Job> job = source_->jobs();
      if (!job) {
        source_->jobs = nullptr;
        break;
      }
      add(job->user_id, job->job_id);
    }
    return !source_->jobs;
  }

 public:
  using iterator = StreamIterator<ManyStream, Outcome>;

  ManyStream(smileid_many_t *many, const CancelToken *cancel, std::function<std::optional<Job>()> jobs)
      : many_(many), cancel_(cancel), source_(new Source{std::move(jobs), {}}) {}

  /* Reads jobs while there is room, then waits for an outcome; without a value when no job is left. Of several threads
   * one reads, and meanwhile the others are handed what outcomes there are: a source that blocks holds back the thread
   * that reads, and no other. */
  std::optional<Outcome> next() {
    for (;;) {
      const bool is_all_read = read();
      smileid_outcome_t *outcome = nullptr;
      smileid_error_t *error = nullptr;
      const std::int32_t code = smileid_many_next(get(), cancel_ ? cancel_->get() : nullptr, &outcome, &error);
      detail::check(code, error);
      if (outcome) return Outcome(detail::shared<smileid_outcome_t, smileid_outcome_free>(outcome));
      if (is_all_read || is_closed()) return std::nullopt;
      /* Another thread has taken the last outcome, or is still reading the next job. */
      std::this_thread::sleep_for(Milliseconds(2));
    }
  }
  iterator begin() { return iterator(*this); }
  iterator end() { return iterator(); }
  /* How many more jobs may be added now; 0 once it is closed. */
  std::size_t room() const noexcept { return smileid_many_room(get()); }
  void add(std::string_view user_id, std::string_view job_id) const {
    const std::string user = detail::argument(user_id), job = detail::argument(job_id);
    smileid_error_t *error = nullptr;
    const std::int32_t code = smileid_many_add(get(), user.c_str(), job.c_str(), &error);
    detail::check(code, error);
  }
  ManyProgress progress() const noexcept {
    ManyProgress progress;
    smileid_many_progress(get(), &progress.complete, &progress.failed, &progress.waiting);
    return progress;
  }
  /* Ends it from any thread: next() returns without a value, and reads no job. */
  void close() const noexcept { smileid_many_close(get()); }
  /* Whether close() or the token ended it. */
  bool is_closed() const noexcept { return smileid_many_is_closed(get()) == 1; }

  const smileid_many_t *get() const noexcept { return many_.get(); }
};

}  // namespace smileid

#endif /* SMILEID_JOBS_STREAMS_HPP */
