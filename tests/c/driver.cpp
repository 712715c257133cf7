// Plays cases through smileid_jobs.hpp: the column `cpp`.
#include <cxxabi.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <smileid_jobs.hpp>
#include <thread>
#include <typeinfo>

#include "play.h"

namespace {

using Text = std::optional<std::string_view>;

void put(const char *name, Text text) { put_text(name, text ? std::string(*text).c_str() : nullptr); }

template <class Number>
void put_number(const char *name, std::optional<Number> number) {
  put_integer(name, number ? static_cast<std::int64_t>(*number) : -1, -1);
}

// The class that was thrown, without its namespace.
std::string class_of(const smileid::SmileIDError &error) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void *)> name(
      abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &status), std::free);
  const std::string full(name.get());
  return full.substr(full.rfind(':') + 1);
}

void put_error(const smileid::SmileIDError &error) {
  const auto last_status = error.last_status();
  const auto last_error = error.last_error();
  // What people log: tests/run.py searches it for what must never stand there.
  std::cerr << error.code() << ": " << error.what() << " (" << error.cause().value_or("-") << ")\n";
  put_raw("error", "");
  put_open();
  put("code", error.code());
  put_integer("number", error.number(), 0);
  put("class", class_of(error));
  put("message", error.message());
  put("argument", error.argument());
  put("phase", error.phase());
  put("reason", error.reason());
  put_raw("is_transient", error.is_transient() ? "true" : "false");
  put_number("http_status", error.http_status());
  put("api_code", error.api_code());
  const auto retry_after = error.retry_after();
  put_number("retry_after_ms", retry_after ? std::optional<std::int64_t>(retry_after->count()) : std::nullopt);
  put_number("attempts", error.attempts());
  put_raw("last_status", last_status ? std::string(last_status->json()).c_str() : "null");
  put("last_error", last_error ? Text(last_error->code()) : std::nullopt);
  put_close();
  if (error.what() != error.message()) std::abort();
}

// With its NUL bytes, which only C++ can hand over.
std::optional<std::string> text(const play_case &play, const char *name) {
  const play_argument *argument = play_find(&play, name);
  if (!argument || !argument->text) return std::nullopt;
  return std::string(argument->text, argument->length);
}

smileid::Milliseconds duration(const play_case &play, const char *name, smileid::Milliseconds otherwise) {
  const std::uint64_t ms = play_number(&play, name, static_cast<std::uint64_t>(otherwise.count()));
  return ms == SMILEID_NO_LIMIT ? smileid::Milliseconds::max() : smileid::Milliseconds(ms);
}

void set_timeout(const play_case &play, std::optional<smileid::Milliseconds> &timeout) {
  const play_argument *given = play_find(&play, "timeout_ms");
  if (!given) return;
  timeout = given->number == SMILEID_NO_LIMIT ? std::nullopt : std::optional<smileid::Milliseconds>(given->number);
}

smileid::Client client(const play_case &play) {
  smileid::ClientOptions options;
  options.partner_id = text(play, "partner_id");
  options.api_key = text(play, "api_key");
  options.environment = text(play, "environment");
  options.base_url = text(play, "base_url");
  options.ca_bundle = text(play, "ca_bundle");
  options.proxy = text(play, "proxy");
  options.connect_timeout = duration(play, "connect_timeout_ms", options.connect_timeout);
  options.request_timeout = duration(play, "request_timeout_ms", options.request_timeout);
  options.max_retries = play_number(&play, "max_retries", options.max_retries);
  options.max_connections = play_number(&play, "max_connections", options.max_connections);
  options.max_response_bytes = play_number(&play, "max_response_bytes", options.max_response_bytes);
  options.bundled_roots = play_number(&play, "bundled_roots", options.bundled_roots) != 0;
  options.trust_env = play_number(&play, "trust_env", options.trust_env) != 0;
  return smileid::Client(options);
}

template <class Options>
Options asked(const play_case &play) {
  Options options;
  options.return_history = play_number(&play, "return_history", 0) != 0;
  options.return_image_links = play_number(&play, "return_image_links", 0) != 0;
  set_timeout(play, options.timeout);
  return options;
}

template <class Options>
Options delivered(const play_case &play) {
  auto options = asked<Options>(play);
  options.return_job_status = play_number(&play, "return_job_status", 0) != 0;
  options.callback_url = text(play, "callback_url");
  return options;
}

void set_retries(std::uint64_t given, std::uint64_t &retry_count) { retry_count = given; }

void set_retries(std::uint64_t given, std::optional<std::uint64_t> &retry_count) {
  retry_count = given == SMILEID_NO_LIMIT ? std::nullopt : std::optional<std::uint64_t>(given);
}

template <class Options>
void pace(const play_case &play, Options &options) {
  if (play_find(&play, "retry_count")) set_retries(play_number(&play, "retry_count", 0), options.retry_count);
  options.initial_delay = duration(play, "initial_delay_ms", options.initial_delay);
  options.max_delay = duration(play, "max_delay_ms", options.max_delay);
}

smileid::WaitOptions waiting(const play_case &play, std::optional<std::string> token) {
  auto options = delivered<smileid::WaitOptions>(play);
  pace(play, options);
  options.token = std::move(token);
  return options;
}

// What a verb is played with.
struct Stage {
  const play_case &play;
  const smileid::Client &client;
  const smileid::CancelToken &cancel;

  std::string user_id() const { return text(play, "user_id").value_or(""); }
  std::string job_id() const { return text(play, "job_id").value_or(""); }
};

void put_status(const Stage &on, const smileid::Status &status) {
  if (on.play.accept_only) {
    put_raw("accepted", "true");
  } else {
    put_raw("status", std::string(status.json()).c_str());
  }
}

void ask(const Stage &on) {
  const std::string what(on.play.what);
  if (what == "get_job_status") {
    const auto options = delivered<smileid::StatusOptions>(on.play);
    return put_status(on, on.client.get_job_status(on.user_id(), on.job_id(), options, &on.cancel));
  }
  if (what == "poll_job_status") {
    auto options = delivered<smileid::PollOptions>(on.play);
    pace(on.play, options);
    return put_status(on, on.client.poll_job_status(on.user_id(), on.job_id(), options, &on.cancel));
  }
  const auto options = waiting(on.play, text(on.play, "token"));
  put_status(on, on.client.wait_until_complete(on.user_id(), on.job_id(), options, &on.cancel));
}

void put_update(const smileid::Update &update) {
  put_item();
  put_integer("attempt", update.attempt(), -1);
  put_raw("changed", update.changed() ? "true" : "false");
  put_raw("job_complete", update.status().job_complete() ? "true" : "false");
  put_raw("has_next", update.next_delay() ? "true" : "false");
  put_close();
}

void watch(const Stage &on) {
  const auto options = waiting(on.play, text(on.play, "token"));
  const std::uint64_t most = play_number(&on.play, "stop_after", UINT64_MAX);
  const auto pause = duration(on.play, "pause_ms", smileid::Milliseconds(0));
  std::vector<smileid::Update> updates;
  std::exception_ptr ended;
  try {
    for (const smileid::Update &update :
         on.client.watch_job_status(on.user_id(), on.job_id(), options, &on.cancel)) {
      updates.push_back(update);
      std::this_thread::sleep_for(pause);
      if (updates.size() >= most) break;
    }
  } catch (const smileid::CancelledError &) {
    throw;  // nothing else of it counts
  } catch (const smileid::SmileIDError &) {
    ended = std::current_exception();
  }
  if (!on.play.accept_only) {
    put_raw("updates", "");
    put_list();
    for (const smileid::Update &update : updates) put_update(update);
    put_list_end();
  }
  if (ended) std::rethrow_exception(ended);
  if (on.play.accept_only) {
    put_raw("accepted", "true");
  } else {
    put_raw("error", "null");
  }
}

// The same token with another last character.
void tamper(std::string &token) { token.back() = token.back() == 'A' ? 'B' : 'A'; }

void put_stepped(const Stage &on, int steps, const smileid::Status &status) {
  if (!on.play.accept_only) put_integer("steps", steps, 0);
  put_status(on, status);
}

void steps(const Stage &on) {
  const play_case then = play_then(&on.play);
  const std::unique_ptr<play_argument, void (*)(void *)> owned(then.arguments, std::free);
  const play_case *given = &on.play;
  std::optional<std::string> token = text(on.play, "token");
  for (int count = 1;; ++count) {
    const Stage now{*given, on.client, on.cancel};
    const auto step = on.client.poll_step(now.user_id(), now.job_id(), waiting(*given, token), &on.cancel);
    if (step.is_finished()) return put_stepped(on, count, step.status().value());
    token = std::string(step.token().value());
    std::this_thread::sleep_for(step.after().value());
    if (play_number(&on.play, "tamper", 0) != 0) tamper(*token);
    given = &then;
    if (play_text(&on.play, "finish")) {
      const Stage last{then, on.client, on.cancel};
      const auto options = waiting(then, token);
      return put_stepped(on, count,
                         on.client.wait_until_complete(last.user_id(), last.job_id(), options, &on.cancel));
    }
  }
}

void put_outcome(const smileid::Outcome &outcome) {
  put_item();
  put("job_id", outcome.job_id());
  put_raw("status_complete", !outcome.ok() ? "null" : outcome.status().job_complete() ? "true" : "false");
  const auto error = outcome.error();
  put("error", error ? Text(error->code()) : std::nullopt);
  put_close();
}

void many(const Stage &on) {
  auto options = asked<smileid::ManyOptions>(on.play);
  pace(on.play, options);
  options.max_waiting = play_number(&on.play, "max_waiting", options.max_waiting);
  if (play_find(&on.play, "rate_limit")) options.rate_limit = play_decimal(&on.play, "rate_limit", 0);
  options.burst = play_number(&on.play, "burst", options.burst);
  std::vector<smileid::Job> jobs;
  while (const char *job_id = play_entry(&on.play, "jobs.job_id", jobs.size()))
    jobs.push_back({play_entry(&on.play, "jobs.user_id", jobs.size()), job_id});
  auto stream = on.client.poll_many(std::move(jobs), options, &on.cancel);
  std::vector<smileid::Outcome> outcomes;
  for (const smileid::Outcome &outcome : stream) outcomes.push_back(outcome);
  if (on.play.accept_only) return put_raw("accepted", "true");
  put_raw("outcomes", "");
  put_list();
  for (const smileid::Outcome &outcome : outcomes) put_outcome(outcome);
  put_list_end();
  const smileid::ManyProgress progress = stream.progress();
  put_raw("progress", "");
  put_open();
  put_integer("complete", static_cast<std::int64_t>(progress.complete), -1);
  put_integer("failed", static_cast<std::int64_t>(progress.failed), -1);
  put_integer("waiting", static_cast<std::int64_t>(progress.waiting), -1);
  put_close();
}

void put_image(const smileid::Image &image) {
  put_item();
  put("key", image.key());
  put("content_type", image.content_type());
  const auto data = image.data();
  put_number("bytes", data ? std::optional<std::size_t>(data->size()) : std::nullopt);
  const auto file = image.file();
  put("file", file ? Text(file->substr(file->rfind('/') + 1)) : std::nullopt);
  put_close();
}

void images(const Stage &on) {
  smileid::StatusOptions with_links;
  with_links.return_image_links = true;
  smileid::DownloadOptions options;
  set_timeout(on.play, options.timeout);
  options.directory = text(on.play, "directory");
  options.overwrite = play_number(&on.play, "overwrite", 0) != 0;
  options.refresh = play_number(&on.play, "refresh", 0) != 0;
  std::vector<std::string> hosts;
  while (const char *host = play_entry(&on.play, "allowed_hosts", hosts.size())) hosts.emplace_back(host);
  if (!hosts.empty() || play_find(&on.play, "allowed_hosts")) options.allowed_hosts = hosts;
  const smileid::Status status = on.client.get_job_status(on.user_id(), on.job_id(), with_links, &on.cancel);
  const auto found = on.client.download_images(status, options, &on.cancel);
  if (on.play.accept_only) return put_raw("accepted", "true");
  put_raw("images", "");
  put_list();
  for (const smileid::Image &image : found) put_image(image);
  put_list_end();
}

void callback(const Stage &on) {
  const std::uint64_t max_age = play_number(&on.play, "max_age_ms", SMILEID_NO_LIMIT);
  const auto limit =
      max_age == SMILEID_NO_LIMIT ? std::nullopt : std::optional<smileid::Milliseconds>(max_age);
  const auto found = on.client.verify_callback(text(on.play, "body").value_or(""), limit);
  if (on.play.accept_only) return put_raw("accepted", "true");
  put_raw("callback", std::string(found.json()).c_str());
}

void verb(const Stage &on) {
  const std::string what(on.play.what);
  if (what == "watch_job_status") return watch(on);
  if (what == "poll_step") return steps(on);
  if (what == "poll_many") return many(on);
  if (what == "download_images") return images(on);
  if (what == "verify_callback") return callback(on);
  ask(on);
}

// Whom a notification is about: the job, or the first of many.
void notify(const Stage &on) {
  const char *user_id = play_entry(&on.play, "jobs.user_id", 0), *job_id = play_entry(&on.play, "jobs.job_id", 0);
  const std::string other = std::strcmp(on.play.interrupt, "notify_other") ? "" : "-other";
  on.client.notify(user_id ? user_id : on.user_id(), (job_id ? job_id : on.job_id()) + other);
}

void call(const play_case &play) {
  const smileid::Client asked_of = client(play);
  if (!std::strcmp(play.what, "client")) return put_raw("accepted", "true");
  const smileid::CancelToken token;
  const Stage on{play, asked_of, token};
  if (!std::strcmp(play.interrupt, "close_before")) asked_of.close();
  play_on_interrupt(
      [](void *context) {
        const Stage &stage = *static_cast<const Stage *>(context);
        const std::string interrupt(stage.play.interrupt);
        if (interrupt == "cancel") stage.cancel.cancel();
        if (interrupt == "close") stage.client.close();
        if (interrupt.rfind("notify", 0) == 0) notify(stage);
      },
      const_cast<Stage *>(&on));
  // Before token and client are gone, whatever ends the call.
  const std::unique_ptr<const Stage, void (*)(const Stage *)> off(
      &on, [](const Stage *) { play_on_interrupt(nullptr, nullptr); });
  verb(on);
}

void sign(const play_case &play) {
  const smileid::Signature signature(text(play, "partner_id").value_or(""), text(play, "api_key").value_or(""));
  const std::optional<std::string> timestamp = text(play, "timestamp");
  const smileid::SignedTimestamp pair = signature.generate_signature(timestamp);
  if (play.accept_only) {
    put_raw("accepted", "true");
    return;
  }
  const bool confirmed = signature.confirm_signature(timestamp.value_or(""), text(play, "signature").value_or(""));
  if (!play.confirm_only) put("signature", pair.signature);
  put_raw("confirmed", confirmed ? "true" : "false");
}

void run(const play_case *play) {
  try {
    (std::strcmp(play->what, "signature") ? call : sign)(*play);
  } catch (const smileid::CancelledError &) {
    put_raw("cancelled", "true");
  } catch (const smileid::SmileIDError &error) {
    put_error(error);
  }
}

}  // namespace

int main() { play_all(run); }
