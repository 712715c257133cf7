/* The client and its verbs. Part of smileid_jobs.hpp: include that. */
#ifndef SMILEID_JOBS_CLIENT_HPP
#define SMILEID_JOBS_CLIENT_HPP

#include <functional>
#include <utility>
#include <vector>

#include "results.hpp"
#include "streams.hpp"

namespace smileid {

/* Asks Smile ID how jobs ended. Move only; one client serves all threads of a program. */
class Client {
  using New = std::int32_t (*)(const smileid_client_options_t *, smileid_client_t **, smileid_error_t **);
  detail::Owned<smileid_client_t, smileid_client_free> client_;

  Client(const ClientOptions &given, New make) {
    const detail::Argument partner_id(given.partner_id), api_key(given.api_key), environment(given.environment),
        base_url(given.base_url), ca_bundle(given.ca_bundle), proxy(given.proxy);
    smileid_client_options_t options = detail::client_defaults();
    options.partner_id = partner_id.get();
    options.api_key = api_key.get();
    options.environment = environment.get();
    options.base_url = base_url.get();
    options.ca_bundle = ca_bundle.get();
    options.proxy = proxy.get();
    options.connect_timeout_ms = detail::duration(given.connect_timeout);
    options.request_timeout_ms = detail::duration(given.request_timeout);
    options.max_retries = given.max_retries;
    options.max_connections = given.max_connections;
    options.max_response_bytes = given.max_response_bytes;
    options.bundled_roots = given.bundled_roots;
    options.trust_env = given.trust_env;
    smileid_client_t *client = nullptr;
    smileid_error_t *error = nullptr;
    const std::int32_t code = make(&options, &client, &error);
    detail::check(code, error);
    client_.reset(client);
  }

 public:
  /* Needs partner_id, api_key, and environment or base_url. Throws InvalidArgumentError, and FileError when this
   * machine's CA certificates cannot be read. */
  explicit Client(const ClientOptions &options) : Client(options, smileid_client_new) {}

  /* What the options leave open comes from SMILEID_PARTNER_ID, SMILEID_API_KEY, SMILEID_ENVIRONMENT, SMILEID_BASE_URL.
   * Throws as the constructor. */
  static Client from_env(const ClientOptions &options = ClientOptions()) {
    return Client(options, smileid_client_from_env);
  }

  /* Asks once. `cancel` is borrowed for the call. */
  Status get_job_status(std::string_view user_id, std::string_view job_id, const StatusOptions &given = StatusOptions(),
                        const CancelToken *cancel = nullptr) const {
    const detail::Asking asking(given);
    return ask(smileid_get_job_status, user_id, job_id, asking.options, cancel);
  }

  /* Asks until the job is complete or the retries are used up, and returns the last status either way. */
  Status poll_job_status(std::string_view user_id, std::string_view job_id, const PollOptions &given = PollOptions(),
                         const CancelToken *cancel = nullptr) const {
    smileid_poll_options_t options = detail::poll_defaults();
    options.timeout_ms = detail::limit(given.timeout);
    options.return_history = given.return_history;
    options.return_image_links = given.return_image_links;
    options.return_job_status = given.return_job_status;
    const detail::Argument callback_url(given.callback_url);
    options.callback_url = callback_url.get();
    options.retry_count = given.retry_count;
    options.initial_delay_ms = detail::duration(given.initial_delay);
    options.max_delay_ms = detail::duration(given.max_delay);
    return ask(smileid_poll_job_status, user_id, job_id, options, cancel);
  }

  /* Waits until the job is complete. Throws JobIncompleteError when the wait ends before. */
  Status wait_until_complete(std::string_view user_id, std::string_view job_id,
                             const WaitOptions &given = WaitOptions(), const CancelToken *cancel = nullptr) const {
    const Waiting waiting(given);
    return ask(smileid_wait_until_complete, user_id, job_id, waiting.options, cancel);
  }

  /* Hands out each answer as it comes, to a range-for. `cancel` is borrowed as long as the stream is used. */
  WatchStream watch_job_status(std::string_view user_id, std::string_view job_id,
                               const WaitOptions &given = WaitOptions(), const CancelToken *cancel = nullptr) const {
    const Waiting waiting(given);
    const std::string user = detail::argument(user_id), job = detail::argument(job_id);
    smileid_watch_t *watch = nullptr;
    smileid_error_t *error = nullptr;
    const std::int32_t code =
        smileid_watch_job_status(get(), user.c_str(), job.c_str(), &waiting.options, &watch, &error);
    detail::check(code, error);
    return WatchStream(watch, cancel);
  }

  /* Waits for many jobs at once. `jobs` is asked for one whenever there is room, on a thread that asks for outcomes,
   * one thread at a time; without one, call add() on the stream. To give options and no `jobs`, pass `nullptr`: `{}`
   * could be a list, too. `cancel` is borrowed as long as the stream is used. */
  ManyStream poll_many(std::function<std::optional<Job>()> jobs = nullptr, const ManyOptions &given = ManyOptions(),
                       const CancelToken *cancel = nullptr) const {
    smileid_many_options_t options = detail::many_defaults();
    options.timeout_ms = detail::limit(given.timeout);
    options.retry_count = detail::tries(given.retry_count);
    options.initial_delay_ms = detail::duration(given.initial_delay);
    options.max_delay_ms = detail::duration(given.max_delay);
    options.max_waiting = given.max_waiting;
    if (given.rate_limit) options.rate_limit = *given.rate_limit;
    options.burst = given.burst;
    options.return_history = given.return_history;
    options.return_image_links = given.return_image_links;
    smileid_many_t *many = nullptr;
    smileid_error_t *error = nullptr;
    const std::int32_t code = smileid_poll_many(get(), &options, &many, &error);
    detail::check(code, error);
    return ManyStream(many, cancel, std::move(jobs));
  }

  ManyStream poll_many(std::vector<Job> jobs, const ManyOptions &given = ManyOptions(),
                       const CancelToken *cancel = nullptr) const {
    auto read = [jobs = std::move(jobs), at = std::size_t(0)]() mutable {
      return at < jobs.size() ? std::optional<Job>(std::move(jobs[at++])) : std::nullopt;
    };
    return poll_many(std::function<std::optional<Job>()>(std::move(read)), given, cancel);
  }

  /* Asks once and never sleeps: one step of a wait, for task queues. */
  Step poll_step(std::string_view user_id, std::string_view job_id, const WaitOptions &given = WaitOptions(),
                 const CancelToken *cancel = nullptr) const {
    const Waiting waiting(given);
    const std::string user = detail::argument(user_id), job = detail::argument(job_id);
    smileid_step_t *step = nullptr;
    smileid_error_t *error = nullptr;
    const std::int32_t code = smileid_poll_step(get(), user.c_str(), job.c_str(), &waiting.options,
                                                cancel ? cancel->get() : nullptr, &step, &error);
    detail::check(code, error);
    return Step(detail::shared<smileid_step_t, smileid_step_free>(step));
  }

  /* Says that there is news about a job: whoever waits for it with this client asks at once. */
  void notify(std::string_view user_id, std::string_view job_id) const {
    const std::string user = detail::argument(user_id), job = detail::argument(job_id);
    smileid_error_t *error = nullptr;
    const std::int32_t code = smileid_notify(get(), user.c_str(), job.c_str(), &error);
    detail::check(code, error);
  }

  /* Downloads every image that a status links to, those of the ID card too. Texts that stand for no link (empty, N/A,
   * Not Available) are passed over. */
  std::vector<Image> download_images(const Status &status, const DownloadOptions &given = DownloadOptions(),
                                     const CancelToken *cancel = nullptr) const {
    const detail::Argument directory(given.directory);
    std::vector<std::string> hosts;
    std::vector<const char *> pointers;
    for (const std::string &host : given.allowed_hosts.value_or(hosts)) hosts.push_back(detail::argument(host));
    for (const std::string &host : hosts) pointers.push_back(host.c_str());
    pointers.push_back(nullptr); /* so that no host is not any host */
    smileid_download_options_t options = detail::download_defaults();
    options.timeout_ms = detail::limit(given.timeout);
    options.directory = directory.get();
    options.allowed_hosts = given.allowed_hosts ? pointers.data() : nullptr;
    options.allowed_host_count = hosts.size();
    options.overwrite = given.overwrite;
    options.refresh = given.refresh;
    smileid_images_t *images = nullptr;
    smileid_error_t *error = nullptr;
    const std::int32_t code = smileid_download_images(get(), status.get(), &options,
                                                      cancel ? cancel->get() : nullptr, &images, &error);
    detail::check(code, error);
    return detail::images(images);
  }

  /* Checks the signature of a callback's body, as it came. `max_age` without a value takes any age; a timestamp further
   * than that in the future is refused too. */
  Callback verify_callback(std::string_view body, std::optional<Milliseconds> max_age = std::nullopt) const {
    smileid_callback_t *callback = nullptr;
    smileid_error_t *error = nullptr;
    const char *bytes = body.data() ? body.data() : "";
    const std::int32_t code = smileid_verify_callback(get(), reinterpret_cast<const std::uint8_t *>(bytes), body.size(),
                                                      detail::limit(max_age), &callback, &error);
    detail::check(code, error);
    return Callback(detail::shared<smileid_callback_t, smileid_callback_free>(callback));
  }

  /* Ends running calls of all threads with ClientClosedError, and refuses new ones. */
  void close() const noexcept { smileid_client_close(client_.get()); }
  /* Whether it was closed, in this process or before it was forked. */
  bool is_closed() const noexcept { return smileid_client_is_closed(client_.get()) != 0; }

  const smileid_client_t *get() const noexcept { return client_.get(); }

 private:
  /* Options in C's form, with the texts they point to. */
  struct Waiting {
    const detail::Argument callback_url, token;
    smileid_wait_options_t options = detail::wait_defaults();

    explicit Waiting(const WaitOptions &given) : callback_url(given.callback_url), token(given.token) {
      options.timeout_ms = detail::limit(given.timeout);
      options.retry_count = detail::tries(given.retry_count);
      options.initial_delay_ms = detail::duration(given.initial_delay);
      options.max_delay_ms = detail::duration(given.max_delay);
      options.return_history = given.return_history;
      options.return_image_links = given.return_image_links;
      options.return_job_status = given.return_job_status;
      options.callback_url = callback_url.get();
      options.token = token.get();
    }
  };

  template <class Verb, class Options>
  Status ask(Verb verb, std::string_view user_id, std::string_view job_id, const Options &options,
             const CancelToken *cancel) const {
    const std::string user = detail::argument(user_id), job = detail::argument(job_id);
    smileid_status_t *status = nullptr;
    smileid_error_t *error = nullptr;
    const std::int32_t code =
        verb(get(), user.c_str(), job.c_str(), &options, cancel ? cancel->get() : nullptr, &status, &error);
    detail::check(code, error);
    return Status(detail::shared<smileid_status_t, smileid_status_free>(status));
  }
};

}  // namespace smileid

#endif /* SMILEID_JOBS_CLIENT_HPP */
