// Plays cases through smileid_jobs.hpp: the column `cpp`.
#include <cxxabi.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <smileid_jobs.hpp>
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
  put("argument", error.argument());
  put("message", error.message());
  put("phase", error.phase());
  put("reason", error.reason());
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
void set_asked(const play_case &play, Options &options) {
  options.return_history = play_number(&play, "return_history", 0) != 0;
  options.return_image_links = play_number(&play, "return_image_links", 0) != 0;
  options.return_job_status = play_number(&play, "return_job_status", 0) != 0;
  options.callback_url = text(play, "callback_url");
  set_timeout(play, options.timeout);
}

smileid::Status ask(const play_case &play, const smileid::Client &client, const smileid::CancelToken &token) {
  const std::string user_id = text(play, "user_id").value_or(""), job_id = text(play, "job_id").value_or("");
  if (!std::strcmp(play.what, "get_job_status")) {
    smileid::StatusOptions options;
    set_asked(play, options);
    return client.get_job_status(user_id, job_id, options, &token);
  }
  if (!std::strcmp(play.what, "wait_until_complete")) {
    smileid::WaitOptions options;
    set_asked(play, options);
    if (const play_argument *given = play_find(&play, "retry_count"))
      options.retry_count = given->number == SMILEID_NO_LIMIT ? std::nullopt : std::optional(given->number);
    options.initial_delay = duration(play, "initial_delay_ms", options.initial_delay);
    options.max_delay = duration(play, "max_delay_ms", options.max_delay);
    return client.wait_until_complete(user_id, job_id, options, &token);
  }
  smileid::PollOptions options;
  set_asked(play, options);
  options.retry_count = play_number(&play, "retry_count", options.retry_count);
  options.initial_delay = duration(play, "initial_delay_ms", options.initial_delay);
  options.max_delay = duration(play, "max_delay_ms", options.max_delay);
  return client.poll_job_status(user_id, job_id, options, &token);
}

/* Whose wait is woken. */
struct Waiting {
  const smileid::Client &client;
  std::string user_id, job_id;
};

void call(const play_case &play) {
  const smileid::Client asked = client(play);
  Waiting woken{asked, text(play, "user_id").value_or(""), text(play, "job_id").value_or("")};
  if (std::strcmp(play.what, "client")) {
    const smileid::CancelToken token;
    const std::string interrupt(play.interrupt);
    if (interrupt == "cancel") {
      play_on_interrupt([](void *context) { static_cast<const smileid::CancelToken *>(context)->cancel(); },
                        const_cast<smileid::CancelToken *>(&token));
    } else if (interrupt == "close") {
      play_on_interrupt([](void *context) { static_cast<const smileid::Client *>(context)->close(); },
                        const_cast<smileid::Client *>(&asked));
    } else if (interrupt == "close_before") {
      asked.close();
    } else if (interrupt == "notify" || interrupt == "notify_other") {
      if (interrupt == "notify_other") woken.job_id += "-other";
      play_on_interrupt(
          [](void *context) {
            const auto &wait = *static_cast<const Waiting *>(context);
            wait.client.notify(wait.user_id, wait.job_id);
          },
          &woken);
    }
    // Before token and client are gone, whatever ends the call.
    const std::unique_ptr<const smileid::CancelToken, void (*)(const smileid::CancelToken *)> off(
        &token, [](const smileid::CancelToken *) { play_on_interrupt(nullptr, nullptr); });
    const smileid::Status status = ask(play, asked, token);
    if (!play.accept_only) {
      put_raw("status", std::string(status.json()).c_str());
      return;
    }
  }
  put_raw("accepted", "true");
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
