/*
 * smileid-jobs: how did this Smile ID job end?
 *
 * Unofficial, not affiliated with Smile ID. Written from the Rust sources: do not edit.
 *
 * Ownership. What a function stores through a pointer to a pointer is the caller's, and is freed with the _free
 * function of its type; free(NULL) does nothing. What a getter returns is borrowed from the object it was asked of
 * and is valid until that is freed. Arguments are borrowed for the call. After a failure, out parameters hold NULL.
 * Never use free() of the C library on anything from here.
 *
 * Threads. Every function may be called from every thread; clients, tokens, statuses, results and errors may be
 * shared between threads. Freeing is the exception: an object must not be in use elsewhere when it is freed. So is an
 * event loop, which one thread at a time may use.
 *
 * Errors. Functions that can fail return SMILEID_OK (0) or the error's number, one of SMILEID_ERROR_*, and store an
 * error with everything known about it, if the caller gave a place for it. Texts that are NULL where they must not
 * be, or no UTF-8, are SMILEID_ERROR_INVALID_ARGUMENT. A bug in the library is SMILEID_ERROR_INTERNAL, never a crash.
 *
 * Units. Durations are milliseconds and end in _ms. Flags are 0 or 1, and SMILEID_UNSET (-1) where they can be
 * absent.
 *
 * Text is NUL-terminated UTF-8, in and out. A text from Smile ID with U+0000 in it, which C would cut there, stands
 * as its JSON text: quoted and escaped.
 *
 * Processes. The library installs no signal handlers and never causes a signal, SIGPIPE included. Signals that your
 * program handles do not end a call; the library's threads block them, so that your threads receive them. It writes
 * nothing to stdout or stderr (but for a line on stderr about a bug of its own). Clients survive fork(). A process may
 * end at any time, calls in flight or not. Once loaded, the shared library stays: dlclose() leaves it in place.
 *
 * Environment. What a client takes from it is read when it is made, as smileid_client_new and smileid_client_from_env
 * say; SSL_CERT_FILE and SSL_CERT_DIR by a client of an http server when it first asks an https one. Calls read what the
 * C library looks names up by, and Rust's starts threads by. So no other thread may change it (setenv) during a call.
 */

#ifndef SMILEID_JOBS_H
#define SMILEID_JOBS_H

#include <stddef.h>
#include <stdint.h>

/**
 * The version of this header; smileid_version() says the library's.
 */
#define SMILEID_VERSION "0.1.0"
#define SMILEID_VERSION_MAJOR 0
#define SMILEID_VERSION_MINOR 1
#define SMILEID_VERSION_PATCH 0

/**
 * No limit, where a limit may be left out: in timeout_ms, max_age_ms and the retry_count of waits.
 */
#define SMILEID_NO_LIMIT UINT64_MAX

/**
 * What a getter returns for a number or a flag that is absent.
 */
#define SMILEID_UNSET (-1)

/**
 * Success.
 */
#define SMILEID_OK 0

/**
 * An argument is outside of its limits; nothing was sent.
 */
#define SMILEID_ERROR_INVALID_ARGUMENT 1001

/**
 * The client was closed before or during the call.
 */
#define SMILEID_ERROR_CLIENT_CLOSED 1002

/**
 * A poll token is for another question, another key or another version, or was changed.
 */
#define SMILEID_ERROR_TOKEN_MISMATCH 1003

/**
 * A file of yours could not be read or written.
 */
#define SMILEID_ERROR_IO 1004

/**
 * No connection: the name was not found, or the server refused or could not be reached.
 */
#define SMILEID_ERROR_CONNECT 2001

/**
 * The TLS handshake failed, for example because the certificate is not trusted.
 */
#define SMILEID_ERROR_TLS 2002

/**
 * Time ran out; smileid_error_phase says where.
 */
#define SMILEID_ERROR_TIMEOUT 2003

/**
 * The connection broke before the whole answer had arrived.
 */
#define SMILEID_ERROR_NETWORK 2004

/**
 * Smile ID refused the credentials or the request's signature.
 */
#define SMILEID_ERROR_AUTHENTICATION 3001

/**
 * Smile ID, or the server of an image, asked to slow down (HTTP 429).
 */
#define SMILEID_ERROR_RATE_LIMITED 3002

/**
 * Smile ID refused the request (another 4xx, or an error in place of a status).
 */
#define SMILEID_ERROR_REJECTED 3003

/**
 * The server failed (5xx).
 */
#define SMILEID_ERROR_SERVER 3004

/**
 * The answer is not a job status.
 */
#define SMILEID_ERROR_INVALID_RESPONSE 4001

/**
 * The answer, or the body of a callback, is larger than max_response_bytes.
 */
#define SMILEID_ERROR_RESPONSE_TOO_LARGE 4002

/**
 * The answer's signature is wrong, missing or malformed.
 */
#define SMILEID_ERROR_SIGNATURE_MISMATCH 4003

/**
 * The answer carries the old unkeyed hash, which proves nothing.
 */
#define SMILEID_ERROR_LEGACY_SIGNATURE 4004

/**
 * The answer is about another user or job than the one asked for.
 */
#define SMILEID_ERROR_RESPONSE_MISMATCH 4005

/**
 * A callback is older than max_age_ms or further than that in the future, or its age cannot be told.
 */
#define SMILEID_ERROR_CALLBACK_EXPIRED 4006

/**
 * An image link is no longer valid; ask for new ones.
 */
#define SMILEID_ERROR_IMAGE_LINK_EXPIRED 4101

/**
 * An image was refused because of its host, its type or its size.
 */
#define SMILEID_ERROR_IMAGE_REFUSED 4102

/**
 * The wait ended before the job did; smileid_error_reason says why.
 */
#define SMILEID_ERROR_JOB_INCOMPLETE 5001

/**
 * The call was cancelled through its token.
 */
#define SMILEID_ERROR_CANCELLED 5002

/**
 * A bug in this library; please report it.
 */
#define SMILEID_ERROR_INTERNAL 9001

/**
 * Nothing.
 */
#define SMILEID_LOG_OFF 0

/**
 * Errors.
 */
#define SMILEID_LOG_ERROR 1

/**
 * Warnings too.
 */
#define SMILEID_LOG_WARNING 2

/**
 * Nothing more so far.
 */
#define SMILEID_LOG_INFO 3

/**
 * What calls do too: attempts, retries, delays, deliveries.
 */
#define SMILEID_LOG_DEBUG 4

/**
 * Everything.
 */
#define SMILEID_LOG_TRACE 5

/**
 * A callback of Smile ID's whose signature was verified. The signature does not cover the body: it proves that the
 * sender knew a pair of yours, not what they say about the job. Ask for the status before you act on it.
 *
 * Immutable, and safe to use from any number of threads at the same time. What its getters return is borrowed from it
 * and valid until it is freed; NULL or SMILEID_UNSET is "absent", and what they return for NULL.
 */
typedef struct smileid_callback_t smileid_callback_t;

/**
 * Ends calls from another thread. One token may be given to any number of calls, and stays cancelled.
 *
 * Safe to use from any thread at the same time, but not from a signal handler. Belongs to the process that made it:
 * after fork(), make a new one.
 */
typedef struct smileid_cancel_token_t smileid_cancel_token_t;

/**
 * Asks Smile ID how jobs ended. One client serves a whole program.
 *
 * Safe to use from any number of threads at the same time. A client made before fork() works in the child too. Its
 * threads and connections start with the first call.
 */
typedef struct smileid_client_t smileid_client_t;

/**
 * Why a call failed.
 *
 * Immutable, and safe to use from any number of threads at the same time. What its getters return is borrowed from
 * it and valid until it is freed; NULL or SMILEID_UNSET is "absent", and what they return for NULL.
 */
typedef struct smileid_error_t smileid_error_t;

/**
 * Queries that a program's own event loop (poll, epoll, libevent, asio) drives, without a thread for each: the loop watches
 * one descriptor for all of them.
 *
 * One thread at a time may use it; tokens are cancelled and clients closed from any thread. Belongs to the process that
 * made it: in a child made by fork(), its functions say SMILEID_ERROR_CLIENT_CLOSED or do nothing. It outlives
 * smileid_shutdown, which ends its queries.
 */
typedef struct smileid_event_loop_t smileid_event_loop_t;

/**
 * Downloaded images. Immutable, and safe to use from any number of threads at the same time. What its getters return is
 * borrowed from it and valid until it is freed; NULL is "absent", and what they return for an index beyond the count.
 */
typedef struct smileid_images_t smileid_images_t;

/**
 * One result of a job: the verdict of a product. Borrowed from its status or callback, and valid until that
 * is freed.
 *
 * Products differ: NULL or SMILEID_UNSET is "absent". Everything else that a result holds is in smileid_status_json.
 * Safe to use from any number of threads at the same time.
 */
typedef struct smileid_result_t smileid_result_t;

/**
 * Many jobs that are waited for at once: jobs are added while there is room, outcomes are taken as they come.
 *
 * Belongs to the process that made it: in a child made by fork(), its functions say SMILEID_ERROR_CLIENT_CLOSED. Safe to
 * use from any number of threads at the same time.
 */
typedef struct smileid_many_t smileid_many_t;

/**
 * How one of many jobs ended. Immutable, and safe to use from any number of threads at the same time.
 */
typedef struct smileid_outcome_t smileid_outcome_t;

/**
 * A timestamp with its signature: while it is fresh, as secret as the key.
 *
 * Immutable, and safe to use from any number of threads at the same time.
 */
typedef struct smileid_signed_t smileid_signed_t;

/**
 * How a job stands, as Smile ID answered; the answer's signature was verified.
 *
 * Immutable, and safe to use from any number of threads at the same time. What its getters return is borrowed from
 * it and valid until it is freed; NULL or SMILEID_UNSET is "absent", and what they return for NULL.
 */
typedef struct smileid_status_t smileid_status_t;

/**
 * What one step came to. Immutable, and safe to use from any number of threads at the same time.
 */
typedef struct smileid_step_t smileid_step_t;

/**
 * One answer about a watched job. Immutable, and safe to use from any number of threads at the same time.
 */
typedef struct smileid_update_t smileid_update_t;

/**
 * What is new about one job, answer by answer.
 *
 * Belongs to the process that made it: in a child made by fork(), smileid_watch_next says
 * SMILEID_ERROR_CLIENT_CLOSED. Any thread may use it; updates are handed out one after another.
 */
typedef struct smileid_watch_t smileid_watch_t;

/**
 * How a client works. Fill it with smileid_client_options_init, then change what is needed.
 *
 * The library copies what it needs; texts are borrowed for the call only. NULL is "not given", 0 is 0.
 */
typedef struct {
  /**
   * Set by smileid_client_options_init.
   */
  size_t struct_size;
  /**
   * The partner id as the portal shows it, zeros kept: 1 to 64 printable ASCII characters. Required.
   */
  const char *partner_id;
  /**
   * The API key as text: 1 to 4096 bytes. Required. The library's copy is wiped when the client is freed.
   */
  const char *api_key;
  /**
   * "sandbox" or "production", or the official SDKs' "0" and "1". This or base_url is required, not both.
   */
  const char *environment;
  /**
   * The server's root in place of an environment: https, or plain http on this machine. "/v1/job_status" is
   * appended.
   */
  const char *base_url;
  /**
   * A PEM file of the certificates to trust, in place of the platform's store. Default NULL.
   */
  const char *ca_bundle;
  /**
   * The URL of an HTTP proxy, in place of the environment's. Default NULL. Never used for this machine's own
   * hosts.
   */
  const char *proxy;
  /**
   * The bound of making one connection, in milliseconds: 0 to 30 days, default 5000.
   */
  uint64_t connect_timeout_ms;
  /**
   * The bound of one HTTP request, headers and body, in milliseconds: 0 to 30 days, default 15000.
   */
  uint64_t request_timeout_ms;
  /**
   * How often one attempt repeats a request after a transient failure: 0 to 100, default 2.
   */
  uint64_t max_retries;
  /**
   * How many requests may be in flight, over all threads: 1 to 1024, default 64. Others queue fairly. An eighth of
   * them, and one at least, is not for smileid_poll_many(), so that jobs that stall keep no single call waiting.
   */
  uint64_t max_connections;
  /**
   * The largest body that is read, in bytes after content decoding: 1 to 1 GiB, default 33554432.
   */
  uint64_t max_response_bytes;
  /**
   * Whether bundled roots stand in where the platform has none: 0 or 1, default 1.
   */
  int32_t bundled_roots;
  /**
   * Whether HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY count: 0 or 1, default 1. One that counts for the server and is
   * not the URL of an HTTP proxy is refused.
   */
  int32_t trust_env;
} smileid_client_options_t;

/**
 * Where smileid_download_images writes to and what it may read. Fill it with smileid_download_options_init, then change
 * what is needed.
 */
typedef struct {
  /**
   * Set by smileid_download_options_init.
   */
  size_t struct_size;
  /**
   * The bound of all downloads together in milliseconds: 0 to 30 days or SMILEID_NO_LIMIT, default 60000.
   */
  uint64_t timeout_ms;
  /**
   * A directory that exists, for files of mode 0600 named by their key. Default NULL: the images stay in memory.
   */
  const char *directory;
  /**
   * Download from these hosts only. Default NULL: from any host with a public name.
   */
  const char *const *allowed_hosts;
  /**
   * How many allowed_hosts there are; 0 where that is NULL.
   */
  size_t allowed_host_count;
  /**
   * Replace files that exist: 0 or 1, default 0.
   */
  int32_t overwrite;
  /**
   * Ask once for new links when one has expired: 0 or 1, default 0.
   */
  int32_t refresh;
} smileid_download_options_t;

/**
 * What smileid_get_job_status asks for. Fill it with smileid_status_options_init, then change what is needed.
 */
typedef struct {
  /**
   * Set by smileid_status_options_init.
   */
  size_t struct_size;
  /**
   * The bound of the whole call in milliseconds: 0 to 30 days or SMILEID_NO_LIMIT, default 30000. 0 asks for
   * exactly one HTTP request.
   */
  uint64_t timeout_ms;
  /**
   * Ask for the user's results so far too: 0 or 1, default 0.
   */
  int32_t return_history;
  /**
   * Ask for links to the selfie, liveness and ID card images too: 0 or 1, default 0.
   */
  int32_t return_image_links;
  /**
   * A URL to deliver the complete status to as well: https, or http on this machine. Default NULL, nowhere. How it
   * went stands in smileid_status_callback_delivered; the status is returned whatever happened. The delivery includes
   * the answer's timestamp and signature: while these are fresh, the receiver can send signed requests as you.
   */
  const char *callback_url;
  /**
   * Poll with the default delays until the job is complete or the attempts are used up: 0 or 1, default 0.
   */
  int32_t return_job_status;
  /**
   * Nothing yet: must be 0, as smileid_status_options_init leaves it.
   */
  int32_t reserved;
} smileid_status_options_t;

/**
 * Takes the end of a query. user_data: what the query was started with. code: SMILEID_OK or the error's number. status: the
 * status, which the callback owns and frees with smileid_status_free; NULL on failure. error: the error, which the callback
 * owns and frees with smileid_error_free; NULL on success.
 *
 * Called by smileid_event_loop_turn, on the thread that called it. It may start queries, cancel tokens, and close and free
 * clients. It must not free the event loop, throw or longjmp.
 */
typedef void (*smileid_ended_callback_t)(void *user_data,
                                         int32_t code,
                                         smileid_status_t *status,
                                         smileid_error_t *error);

/**
 * Takes one line of the library's log. level: the line's, SMILEID_LOG_ERROR to SMILEID_LOG_TRACE. message: borrowed for
 * the call, such as "answered attempt=1"; no key, id, link, signature or data. user_data: what was registered.
 *
 * Called on any thread, the library's own too, and on several at the same time. It must not call this library, throw,
 * longjmp or block for long.
 */
typedef void (*smileid_log_callback_t)(int32_t level, const char *message, void *user_data);

/**
 * What smileid_poll_many asks for and how. Fill it with smileid_many_options_init, then change what is needed.
 */
typedef struct {
  /**
   * Set by smileid_many_options_init.
   */
  size_t struct_size;
  /**
   * The bound of each job from its own first query, in milliseconds: 0 to 30 days or SMILEID_NO_LIMIT, default 60000.
   * The last query starts 1 s before the end (half-way, where timeout_ms is below 2 s), and the wait ends with its
   * answer.
   */
  uint64_t timeout_ms;
  /**
   * How often to ask again about each job: 0 to 1000 or SMILEID_NO_LIMIT, the default.
   */
  uint64_t retry_count;
  /**
   * As in smileid_poll_options_t.
   */
  uint64_t initial_delay_ms;
  /**
   * As in smileid_poll_options_t.
   */
  uint64_t max_delay_ms;
  /**
   * How many jobs are admitted at a time: 1 to 1000000, default 10000. smileid_many_room counts down from here.
   */
  uint64_t max_waiting;
  /**
   * At most this many HTTP requests a second, retries included: from one in 30 days to 1000000. Default INFINITY, no
   * limit.
   */
  double rate_limit;
  /**
   * How many requests may go out at once after a pause, under a rate limit: 1 to 1000000, default 1.
   */
  uint64_t burst;
  /**
   * Ask for the users' results so far too: 0 or 1, default 0.
   */
  int32_t return_history;
  /**
   * Ask for links to the selfie, liveness and ID card images too: 0 or 1, default 0.
   */
  int32_t return_image_links;
} smileid_many_options_t;

/**
 * What smileid_poll_job_status asks for and how. Fill it with smileid_poll_options_init, then change what is needed.
 */
typedef struct {
  /**
   * Set by smileid_poll_options_init.
   */
  size_t struct_size;
  /**
   * The bound of the whole call in milliseconds: 0 to 30 days or SMILEID_NO_LIMIT, the default. 0 asks for exactly
   * one HTTP request. A delay that would outlast it ends the call at once, with the last failure or
   * SMILEID_ERROR_TIMEOUT.
   */
  uint64_t timeout_ms;
  /**
   * How often to ask again after the first query: 0 to 1000, default 3.
   */
  uint64_t retry_count;
  /**
   * The delay before the first retry in milliseconds; each later one is twice as long. 1 to 3600000, default 2000.
   */
  uint64_t initial_delay_ms;
  /**
   * The longest delay in milliseconds, at least initial_delay_ms. 1 to 3600000, default 30000; left at the
   * default, it gives way to a longer initial_delay_ms.
   */
  uint64_t max_delay_ms;
  /**
   * Ask for the user's results so far too: 0 or 1, default 0.
   */
  int32_t return_history;
  /**
   * Ask for links to the selfie, liveness and ID card images too: 0 or 1, default 0.
   */
  int32_t return_image_links;
  /**
   * As in smileid_status_options_t. Default NULL.
   */
  const char *callback_url;
  /**
   * Taken without effect, for a poll waits anyway: 0 or 1, default 0.
   */
  int32_t return_job_status;
  /**
   * Nothing yet: must be 0, as smileid_poll_options_init leaves it.
   */
  int32_t reserved;
} smileid_poll_options_t;

/**
 * What smileid_wait_until_complete, smileid_watch_job_status and smileid_poll_step ask for and how. Fill it with
 * smileid_wait_options_init, then change what is needed.
 */
typedef struct {
  /**
   * Set by smileid_wait_options_init.
   */
  size_t struct_size;
  /**
   * The bound of the whole wait in milliseconds: 0 to 30 days or SMILEID_NO_LIMIT, default 60000. 0 asks for exactly
   * one HTTP request. The last query starts 1 s before the end (half-way, where timeout_ms is below 2 s), and the wait
   * ends with its answer.
   */
  uint64_t timeout_ms;
  /**
   * How often to ask again after the first query: 0 to 1000 or SMILEID_NO_LIMIT, the default.
   */
  uint64_t retry_count;
  /**
   * As in smileid_poll_options_t.
   */
  uint64_t initial_delay_ms;
  /**
   * As in smileid_poll_options_t.
   */
  uint64_t max_delay_ms;
  /**
   * Ask for the user's results so far too: 0 or 1, default 0.
   */
  int32_t return_history;
  /**
   * Ask for links to the selfie, liveness and ID card images too: 0 or 1, default 0.
   */
  int32_t return_image_links;
  /**
   * As in smileid_status_options_t. Default NULL.
   */
  const char *callback_url;
  /**
   * What smileid_step_token gave: go on there, with the attempts and the deadline of its first step. Default NULL, a
   * wait of its own. A watch takes none.
   */
  const char *token;
  /**
   * Taken without effect, for these verbs wait anyway: 0 or 1, default 0.
   */
  int32_t return_job_status;
  /**
   * Nothing yet: must be 0, as smileid_wait_options_init leaves it.
   */
  int32_t reserved;
} smileid_wait_options_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Reads a callback's body and checks its signature; nothing is sent. Works after smileid_client_close too.
 *
 * client: borrowed. body: borrowed; length bytes as they came, before any parser. max_age_ms: 0 to 30 days, or
 * SMILEID_NO_LIMIT to take callbacks of any age; a timestamp further than that in the future is refused too. callback:
 * receives the callback, which the caller owns and frees with smileid_callback_free; NULL on failure. error: receives
 * the error, which the caller owns; may be NULL. Returns SMILEID_OK or the error's number:
 * SMILEID_ERROR_SIGNATURE_MISMATCH, SMILEID_ERROR_LEGACY_SIGNATURE, SMILEID_ERROR_CALLBACK_EXPIRED,
 * SMILEID_ERROR_INVALID_RESPONSE, SMILEID_ERROR_RESPONSE_TOO_LARGE for a body over max_response_bytes, or
 * SMILEID_ERROR_INVALID_ARGUMENT. Any thread.
 */
int32_t smileid_verify_callback(const smileid_client_t *client,
                                const uint8_t *body,
                                size_t length,
                                uint64_t max_age_ms,
                                smileid_callback_t **callback,
                                smileid_error_t **error);

/**
 * Always 0: the signature does not cover the body.
 */
int32_t smileid_callback_body_authenticated(const smileid_callback_t *callback);

/**
 * The user it is about, as it says itself.
 */
const char *smileid_callback_user_id(const smileid_callback_t *callback);

/**
 * The job it is about, as it says itself.
 */
const char *smileid_callback_job_id(const smileid_callback_t *callback);

/**
 * Whether the job is finished, where the callback has that flag: 1, 0 or SMILEID_UNSET.
 */
int32_t smileid_callback_job_complete(const smileid_callback_t *callback);

/**
 * Whether the finished job succeeded, where the callback has that flag: 1, 0 or SMILEID_UNSET.
 */
int32_t smileid_callback_job_success(const smileid_callback_t *callback);

/**
 * The code of the status, such as "2302", where the callback has the shape of one. Not the verdict: that is
 * smileid_result_result_code.
 */
const char *smileid_callback_code(const smileid_callback_t *callback);

/**
 * What stands in the callback's result when it is a text, such as "No zip file received".
 */
const char *smileid_callback_message(const smileid_callback_t *callback);

/**
 * The result, borrowed from the callback; NULL when it has none.
 */
const smileid_result_t *smileid_callback_result(const smileid_callback_t *callback);

/**
 * The link to the KYC receipt (a PDF behind the portal's login).
 */
const char *smileid_callback_kyc_receipt(const smileid_callback_t *callback);

/**
 * The link to the KYB receipt.
 */
const char *smileid_callback_kyb_receipt(const smileid_callback_t *callback);

/**
 * The callback's body, byte for byte; not NUL-terminated. It holds the signature and personal data: do not log it.
 *
 * length: receives the number of bytes; may be NULL.
 */
const uint8_t *smileid_callback_raw(const smileid_callback_t *callback,
                                    size_t *length);

/**
 * The whole typed view as JSON text, with everything that has no getter: history, image links, pair, further keys. It
 * holds the signature and personal data: do not log it. Made when first asked for.
 */
const char *smileid_callback_json(const smileid_callback_t *callback);

/**
 * Frees a callback and all that was borrowed from it. NULL does nothing.
 */
void smileid_callback_free(smileid_callback_t *callback);

/**
 * Makes a cancel token.
 *
 * token: receives the token, which the caller owns and frees with smileid_cancel_token_free; NULL on failure.
 * error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK or the error's number.
 */
int32_t smileid_cancel_token_new(smileid_cancel_token_t **token,
                                 smileid_error_t **error);

/**
 * Ends the calls that were given the token with SMILEID_ERROR_CANCELLED, within milliseconds; their requests are
 * dropped. A call that is made with a cancelled token sends nothing. Returns at once; a second time does nothing.
 *
 * token: borrowed; NULL does nothing. Any thread.
 */
void smileid_cancel_token_cancel(const smileid_cancel_token_t *token);

/**
 * Whether the token was cancelled: 1 or 0; 0 for NULL. Any thread.
 */
int32_t smileid_cancel_token_is_cancelled(const smileid_cancel_token_t *token);

/**
 * Frees a token without cancelling it. NULL does nothing. No call may be using it any more.
 */
void smileid_cancel_token_free(smileid_cancel_token_t *token);

/**
 * Checks the options and makes a client. Nothing is sent, no thread is started and the environment is read for
 * proxies (unless trust_env is 0) and for SSL_CERT_FILE and SSL_CERT_DIR only.
 *
 * options: borrowed for the call; partner_id, api_key, and environment or base_url are required. client: receives
 * the client, which the caller owns and frees with smileid_client_free; NULL on failure. error: receives the error,
 * which the caller owns; may be NULL. Returns SMILEID_OK, SMILEID_ERROR_INVALID_ARGUMENT with the argument's name in
 * smileid_error_argument, or SMILEID_ERROR_IO when this machine's CA certificates cannot be read. No other thread may
 * change the environment (setenv) during the call.
 */
int32_t smileid_client_new(const smileid_client_options_t *options,
                           smileid_client_t **client,
                           smileid_error_t **error);

/**
 * Like smileid_client_new, and takes what the options leave open from the environment: SMILEID_PARTNER_ID,
 * SMILEID_API_KEY, and SMILEID_ENVIRONMENT or SMILEID_BASE_URL.
 *
 * options: may be NULL. Returns the same. No other thread may change the environment (setenv) during the call.
 */
int32_t smileid_client_from_env(const smileid_client_options_t *options,
                                smileid_client_t **client,
                                smileid_error_t **error);

/**
 * Ends running calls of all threads with SMILEID_ERROR_CLIENT_CLOSED within 50 ms, and refuses new ones. Returns at
 * once; a second time does nothing.
 *
 * client: borrowed; NULL does nothing. Any thread.
 */
void smileid_client_close(const smileid_client_t *client);

/**
 * 1 once smileid_client_close was called, in this process or before it was forked, else 0; 1 for NULL.
 *
 * client: borrowed. Any thread.
 */
int32_t smileid_client_is_closed(const smileid_client_t *client);

/**
 * Closes and frees a client. NULL does nothing.
 *
 * No thread may be inside a call with it: to end calls of other threads, call smileid_client_close and wait for
 * them. Statuses and errors that came from it live on.
 */
void smileid_client_free(smileid_client_t *client);

/**
 * The stable text of an error number, such as "timeout" for 2003 and "ok" for 0.
 *
 * Returns a static string, or NULL for a number that this version does not know. Any thread.
 */
const char *smileid_error_code_name(int32_t code);

/**
 * Downloads every image that a status links to, those of the ID card too, at most 4 side by side, and tells JPEG and
 * PNG by their content. Texts that stand for no link (empty, N/A, Not Available) are passed over. All or nothing: an
 * image that fails fails the call.
 *
 * client, status: borrowed; ask for the status with return_image_links. options: borrowed; NULL is all defaults, into
 * memory. cancel: borrowed; may be NULL. images: receives the images, which the caller owns and frees with
 * smileid_images_free; NULL on failure. error: receives the error, which the caller owns; may be NULL. Returns
 * SMILEID_OK or the error's number: SMILEID_ERROR_IMAGE_LINK_EXPIRED; SMILEID_ERROR_IMAGE_REFUSED, also for an image over
 * 16 MiB; SMILEID_ERROR_RATE_LIMITED and SMILEID_ERROR_SERVER, of an image's server too; SMILEID_ERROR_IO; and those of
 * smileid_get_job_status. Any thread.
 */
int32_t smileid_download_images(const smileid_client_t *client,
                                const smileid_status_t *status,
                                const smileid_download_options_t *options,
                                const smileid_cancel_token_t *cancel,
                                smileid_images_t **images,
                                smileid_error_t **error);

/**
 * How many images there are; 0 for NULL.
 */
size_t smileid_images_count(const smileid_images_t *images);

/**
 * The key of an image's link, such as "selfie_image".
 */
const char *smileid_images_key(const smileid_images_t *images, size_t index);

/**
 * "image/jpeg" or "image/png".
 */
const char *smileid_images_content_type(const smileid_images_t *images, size_t index);

/**
 * An image's bytes; not NUL-terminated. NULL when it was written to a file.
 *
 * length: receives the number of bytes; may be NULL.
 */
const uint8_t *smileid_images_data(const smileid_images_t *images, size_t index, size_t *length);

/**
 * The path of the file that an image was written to; NULL when it is in memory.
 */
const char *smileid_images_file(const smileid_images_t *images, size_t index);

/**
 * Frees images and all that was borrowed from them; files stay. NULL does nothing.
 */
void smileid_images_free(smileid_images_t *images);

/**
 * The error's number, one of SMILEID_ERROR_*; SMILEID_OK for NULL.
 */
int32_t smileid_error_code(const smileid_error_t *error);

/**
 * The number's stable text, such as "timeout": smileid_error_code_name of smileid_error_code. A static string.
 */
const char *smileid_error_name(const smileid_error_t *error);

/**
 * One line that says what happened and what to do, without ids, keys or data.
 */
const char *smileid_error_message(const smileid_error_t *error);

/**
 * The argument that was refused, without a unit: "initial_delay" for initial_delay_ms. With
 * SMILEID_ERROR_INVALID_ARGUMENT.
 */
const char *smileid_error_argument(const smileid_error_t *error);

/**
 * Where time ran out: "queue", "connect", "response", "body", "server" or "overall". With SMILEID_ERROR_TIMEOUT.
 */
const char *smileid_error_phase(const smileid_error_t *error);

/**
 * Why a wait ended before its job: "deadline", "attempts" or "retry_after_beyond_deadline". With
 * SMILEID_ERROR_JOB_INCOMPLETE.
 */
const char *smileid_error_reason(const smileid_error_t *error);

/**
 * The HTTP status of the answer, if there was one.
 */
int32_t smileid_error_http_status(const smileid_error_t *error);

/**
 * 1 when the same call may well succeed if it is made again later, else 0; 0 for NULL.
 */
int32_t smileid_error_is_transient(const smileid_error_t *error);

/**
 * Smile ID's own error code, such as "2205", if the answer had one.
 */
const char *smileid_error_api_code(const smileid_error_t *error);

/**
 * How long the server asked to wait, in milliseconds.
 */
int64_t smileid_error_retry_after_ms(const smileid_error_t *error);

/**
 * How many attempts were made; HTTP retries inside one attempt do not count.
 */
int32_t smileid_error_attempts(const smileid_error_t *error);

/**
 * The time from the start of the call, in milliseconds.
 */
int64_t smileid_error_elapsed_ms(const smileid_error_t *error);

/**
 * The user asked about.
 */
const char *smileid_error_user_id(const smileid_error_t *error);

/**
 * The job asked about.
 */
const char *smileid_error_job_id(const smileid_error_t *error);

/**
 * The last status that a poll saw before it failed, borrowed from the error.
 */
const smileid_status_t *smileid_error_last_status(const smileid_error_t *error);

/**
 * The failure before this one, where a poll went on after it; of a call whose own time was up, what that time ended in.
 * Borrowed from the error.
 */
const smileid_error_t *smileid_error_last_error(const smileid_error_t *error);

/**
 * The body of the answer that was refused; not NUL-terminated. It can hold personal data and a signature: do not log
 * it.
 *
 * length: receives the number of bytes; may be NULL.
 */
const uint8_t *smileid_error_raw(const smileid_error_t *error,
                                 size_t *length);

/**
 * What lies under the error, in one line: a place in the JSON text, or what the network said, without the URL.
 */
const char *smileid_error_cause(const smileid_error_t *error);

/**
 * Frees an error and all that was borrowed from it. NULL does nothing. Not for the one that smileid_error_last_error
 * returns: that one is the outer error's.
 */
void smileid_error_free(smileid_error_t *error);

/**
 * Makes an event loop; it sends nothing, and watches no descriptor of the program's.
 *
 * event_loop: receives the event loop, which the caller owns and frees with smileid_event_loop_free; NULL on failure. error:
 * receives the error, which the caller owns; may be NULL. Returns SMILEID_OK or the error's number: SMILEID_ERROR_INTERNAL
 * where the system gives no descriptors or no thread, SMILEID_ERROR_CLIENT_CLOSED when smileid_shutdown comes meanwhile,
 * SMILEID_ERROR_INVALID_ARGUMENT for NULL and on systems that are no Unix. Any thread.
 */
int32_t smileid_event_loop_new(smileid_event_loop_t **event_loop,
                               smileid_error_t **error);

/**
 * The descriptor to watch for reading, for as long as the event loop lives: it is readable from when there is something to
 * do until smileid_event_loop_turn has done it, so watch it level-triggered, as poll() does.
 *
 * event_loop: borrowed. Returns the descriptor, borrowed too: only watch it, and stop before smileid_event_loop_free; -1
 * for NULL and in a process that did not make it.
 */
int smileid_event_loop_fd(const smileid_event_loop_t *event_loop);

/**
 * Does what there is to do, and calls the callbacks of the queries that have ended. Never waits: what is left, and what
 * ends meanwhile, makes the descriptor readable again. A turn without need does no harm.
 *
 * event_loop: borrowed. Returns how many callbacks it called; 0 for NULL, in a process that did not make it, and from
 * within a callback, where it does nothing.
 */
size_t smileid_event_loop_turn(const smileid_event_loop_t *event_loop);

/**
 * Frees an event loop and drops its running queries with their requests; their callbacks are not called. NULL does
 * nothing. Not from a callback of its own. In a child made by fork() it is left to the parent, and only forgotten.
 */
void smileid_event_loop_free(smileid_event_loop_t *event_loop);

/**
 * Like smileid_get_job_status, but returns at once: the end is told to done, exactly once, by a smileid_event_loop_turn
 * and never from within this function.
 *
 * event_loop: borrowed; it must live on until the end, or the query ends with it, untold. client, user_id, job_id, options:
 * borrowed for the call, as in smileid_get_job_status; to free the client ends the query with
 * SMILEID_ERROR_CLIENT_CLOSED. cancel: borrowed for the call; may be NULL. Cancelling it from any thread, also after it was
 * given here, ends the query with SMILEID_ERROR_CANCELLED; it may be freed at once. done: must not be NULL. user_data:
 * passed on. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK, or the number of an error
 * that was seen at once, such as SMILEID_ERROR_INVALID_ARGUMENT for a text that is no UTF-8 or SMILEID_ERROR_CLIENT_CLOSED;
 * then done is not called. An id or an option outside of its limits is told to done.
 *
 * A query with return_job_status or callback_url, or through a proxy, runs on the library's own thread, and its end is told
 * in the same way.
 */
int32_t smileid_get_job_status_start(const smileid_event_loop_t *event_loop,
                                     const smileid_client_t *client,
                                     const char *user_id,
                                     const char *job_id,
                                     const smileid_status_options_t *options,
                                     const smileid_cancel_token_t *cancel,
                                     smileid_ended_callback_t done,
                                     void *user_data,
                                     smileid_error_t **error);

/**
 * Whether the answer had image links at all, those asked for with return_image_links or a document job's own: 1 or 0.
 */
int32_t smileid_status_has_image_links(const smileid_status_t *status);

/**
 * The link to the selfie. Links are short-lived and as good as the image: fetch at once, never log them.
 */
const char *smileid_status_selfie_image(const smileid_status_t *status);

/**
 * How many liveness images there are.
 */
size_t smileid_status_liveness_image_count(const smileid_status_t *status);

/**
 * The link to a liveness image, in their order; NULL when index is not below smileid_status_liveness_image_count.
 */
const char *smileid_status_liveness_image_at(const smileid_status_t *status,
                                             size_t index);

/**
 * Why there are no links, if Smile ID says so.
 */
const char *smileid_status_image_links_error(const smileid_status_t *status);

/**
 * Hands the library's log to a function, for the whole process. Quiet until then, and while off next to free.
 *
 * level: SMILEID_LOG_OFF to SMILEID_LOG_TRACE; beyond them counts as the nearest. callback: called until another one is
 * set; NULL is none. user_data: passed on; it must outlive the last call: a thread may still be inside the callback when
 * this returns. Any thread.
 */
void smileid_set_log_callback(int32_t level,
                              smileid_log_callback_t callback,
                              void *user_data);

/**
 * Prepares to wait for many jobs; nothing is sent before the first smileid_many_next.
 *
 * client: borrowed for the call. options: borrowed; NULL is all defaults. many: receives the object, which the caller
 * owns and frees with smileid_many_free, before or after the client; NULL on failure. error: receives the error, which
 * the caller owns; may be NULL. Returns SMILEID_OK or the error's number. Any thread; returns at once.
 */
int32_t smileid_poll_many(const smileid_client_t *client,
                          const smileid_many_options_t *options,
                          smileid_many_t **many,
                          smileid_error_t **error);

/**
 * How many more jobs may be added now, at most max_waiting; 0 once it is closed, for NULL and in a process that did not
 * make it.
 */
size_t smileid_many_room(const smileid_many_t *many);

/**
 * Whether it was ended, by smileid_many_close or by a token: 1 or 0. 1 for NULL and in a process that did not make it.
 * Tells whoever waits for room that there will be none.
 *
 * many: borrowed. Any thread.
 */
int32_t smileid_many_is_closed(const smileid_many_t *many);

/**
 * Adds a job. One that is waited for already is not asked about twice; both get the outcome. An id outside of its
 * limits has an outcome too.
 *
 * many, user_id, job_id: borrowed for the call. Add while smileid_many_room is above 0: what is added beyond it takes
 * memory. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK,
 * SMILEID_ERROR_INVALID_ARGUMENT for an id that is NULL or no UTF-8, or SMILEID_ERROR_CLIENT_CLOSED in a process that did
 * not make it. Any thread; returns at once.
 */
int32_t smileid_many_add(const smileid_many_t *many,
                         const char *user_id,
                         const char *job_id,
                         smileid_error_t **error);

/**
 * Waits for an outcome; they come in the order in which jobs end.
 *
 * many: borrowed. cancel: borrowed; may be NULL. Cancelling ends all of it and drops its requests. outcome: receives the
 * outcome, which the caller owns and frees with smileid_outcome_free; NULL when no added job is left, after
 * smileid_many_close and on failure. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK,
 * also for the outcome of a job that failed and at the end, or the error's number. Any thread.
 */
int32_t smileid_many_next(const smileid_many_t *many,
                          const smileid_cancel_token_t *cancel,
                          smileid_outcome_t **outcome,
                          smileid_error_t **error);

/**
 * How far it has come: outcomes handed out that hold a complete status, outcomes handed out that hold an error, and jobs
 * whose outcome was not handed out yet.
 *
 * complete, failed, waiting: receive the counts; each may be NULL. All are 0 for NULL and in a process that did not make
 * it. Any thread.
 */
void smileid_many_progress(const smileid_many_t *many,
                           size_t *complete,
                           size_t *failed,
                           size_t *waiting);

/**
 * Ends all of it and drops its requests: a smileid_many_next that waits hands out the end. Returns at once; a second time
 * does nothing.
 *
 * many: borrowed; NULL does nothing. Any thread.
 */
void smileid_many_close(const smileid_many_t *many);

/**
 * Ends and frees it. NULL does nothing. No thread may be inside a call with it. Outcomes live on.
 */
void smileid_many_free(smileid_many_t *many);

/**
 * The user asked about, borrowed from the outcome; NULL for NULL.
 */
const char *smileid_outcome_user_id(const smileid_outcome_t *outcome);

/**
 * The job asked about, borrowed from the outcome; NULL for NULL.
 */
const char *smileid_outcome_job_id(const smileid_outcome_t *outcome);

/**
 * The complete status, borrowed from the outcome; NULL where it holds an error.
 */
const smileid_status_t *smileid_outcome_status(const smileid_outcome_t *outcome);

/**
 * Why there is no complete status, borrowed from the outcome; NULL where there is one.
 */
const smileid_error_t *smileid_outcome_error(const smileid_outcome_t *outcome);

/**
 * Frees an outcome and all that was borrowed from it. NULL does nothing.
 */
void smileid_outcome_free(smileid_outcome_t *outcome);

/**
 * Fills every field with its default: `smileid_client_options_init(&options, sizeof options)`.
 *
 * options: written, struct_size bytes; NULL does nothing. Any thread.
 */
void smileid_client_options_init(smileid_client_options_t *options, size_t struct_size);

/**
 * Fills every field with its default: `smileid_status_options_init(&options, sizeof options)`.
 *
 * options: written, struct_size bytes; NULL does nothing. Any thread.
 */
void smileid_status_options_init(smileid_status_options_t *options, size_t struct_size);

/**
 * Fills every field with its default: `smileid_poll_options_init(&options, sizeof options)`.
 *
 * options: written, struct_size bytes; NULL does nothing. Any thread.
 */
void smileid_poll_options_init(smileid_poll_options_t *options, size_t struct_size);

/**
 * The version of the library that is running, such as "0.1.0". Compare it with SMILEID_VERSION, the header's.
 *
 * Returns a static string. Any thread.
 */
const char *smileid_version(void);

/**
 * Ends all running calls of the process with SMILEID_ERROR_CLIENT_CLOSED and its threads, for which it waits up to
 * grace_ms milliseconds. Never needed: a process may end with calls in flight.
 *
 * Clients stay valid: the next call starts anew. Any thread.
 */
void smileid_shutdown(uint64_t grace_ms);

/**
 * Asks once how a job stands, and waits for the answer. A job that is not finished and a rejected person are
 * answers, not errors.
 *
 * client: borrowed. user_id, job_id: borrowed; 1 to 256 bytes of UTF-8 without control characters. options:
 * borrowed; NULL is all defaults. cancel: borrowed; NULL if the call need not be cancelled. status: receives the
 * status, which the caller owns and frees with smileid_status_free; NULL on failure. error: receives the error,
 * which the caller owns and frees with smileid_error_free; NULL on success; may be NULL. Returns SMILEID_OK or the
 * error's number, any of SMILEID_ERROR_*. Any thread; signals that are handled do not end the call.
 */
int32_t smileid_get_job_status(const smileid_client_t *client,
                               const char *user_id,
                               const char *job_id,
                               const smileid_status_options_t *options,
                               const smileid_cancel_token_t *cancel,
                               smileid_status_t **status,
                               smileid_error_t **error);

/**
 * Asks until the job is complete or retry_count retries are used up, and returns the last status either way: look at
 * smileid_status_job_complete. With the defaults, requests start at 0, 2, 6 and 14 seconds.
 *
 * Parameters, ownership, threads and errors are those of smileid_get_job_status. An error that ends a poll carries
 * what was seen before: smileid_error_last_status, smileid_error_last_error.
 */
int32_t smileid_poll_job_status(const smileid_client_t *client,
                                const char *user_id,
                                const char *job_id,
                                const smileid_poll_options_t *options,
                                const smileid_cancel_token_t *cancel,
                                smileid_status_t **status,
                                smileid_error_t **error);

/**
 * Waits until the job is complete, and returns its status. A wait that ends before its job is an error,
 * SMILEID_ERROR_JOB_INCOMPLETE, with smileid_error_reason and smileid_error_last_status.
 *
 * Parameters, ownership, threads and errors are those of smileid_get_job_status, and SMILEID_ERROR_TOKEN_MISMATCH for a
 * token of another question. smileid_notify makes it ask at once.
 */
int32_t smileid_wait_until_complete(const smileid_client_t *client,
                                    const char *user_id,
                                    const char *job_id,
                                    const smileid_wait_options_t *options,
                                    const smileid_cancel_token_t *cancel,
                                    smileid_status_t **status,
                                    smileid_error_t **error);

/**
 * Reports news about a job, such as a callback: every wait, watch and poll_many of this client that is waiting for this
 * job asks again at once. Without one, nothing is sent.
 *
 * client, user_id, job_id: borrowed. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK
 * or the error's number. Any thread; returns at once.
 */
int32_t smileid_notify(const smileid_client_t *client,
                       const char *user_id,
                       const char *job_id,
                       smileid_error_t **error);

/**
 * Smile ID's own id of the job (SmileJobID).
 */
const char *smileid_result_smile_job_id(const smileid_result_t *result);

/**
 * The verdict's code (ResultCode), such as "0810"; what it means depends on the product.
 */
const char *smileid_result_result_code(const smileid_result_t *result);

/**
 * The verdict in words (ResultText). Not stable: decide by the code.
 */
const char *smileid_result_result_text(const smileid_result_t *result);

/**
 * Who decided (ResultType): "SAIA" for a machine, "DIVA" for human review, or a product's name.
 */
const char *smileid_result_result_type(const smileid_result_t *result);

/**
 * Whether no later result will follow (IsFinalResult): 1, 0 or SMILEID_UNSET.
 */
int32_t smileid_result_is_final_result(const smileid_result_t *result);

/**
 * Whether a machine decided (IsMachineResult): 1, 0 or SMILEID_UNSET.
 */
int32_t smileid_result_is_machine_result(const smileid_result_t *result);

/**
 * How alike the faces are, in percent (ConfidenceValue); NaN when absent, for it may be any number.
 */
double smileid_result_confidence_value(const smileid_result_t *result);

/**
 * Where the job came from (Source), such as "WebAPI".
 */
const char *smileid_result_source(const smileid_result_t *result);

/**
 * The version of the result's format (JSONVersion).
 */
const char *smileid_result_json_version(const smileid_result_t *result);

/**
 * The app's id of the user, as the result says (PartnerParams.user_id).
 */
const char *smileid_result_user_id(const smileid_result_t *result);

/**
 * The app's id of the job, as the result says (PartnerParams.job_id).
 */
const char *smileid_result_job_id(const smileid_result_t *result);

/**
 * The product as a number (PartnerParams.job_type): 1 Biometric KYC, 5 Basic and Enhanced KYC, 6 Document
 * Verification and so on; SMILEID_UNSET when absent.
 */
int64_t smileid_result_job_type(const smileid_result_t *result);

/**
 * The result's own signed text, beside the status's.
 */
const char *smileid_result_timestamp(const smileid_result_t *result);

/**
 * The result's own signature. While it is fresh it can sign requests: keep it secret.
 */
const char *smileid_result_signature(const smileid_result_t *result);

/**
 * Signs a timestamp's text as it is, or the present time in UTC with three fraction digits and "Z".
 *
 * partner_id: 1 to 64 printable ASCII characters. api_key: 1 to 4096 bytes of UTF-8. timestamp: NULL is now. All are
 * borrowed for the call. signed: receives the pair, which the caller owns and frees with smileid_signed_free; NULL
 * on failure. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK or
 * SMILEID_ERROR_INVALID_ARGUMENT. Any thread.
 */
int32_t smileid_sign(const char *partner_id,
                     const char *api_key,
                     const char *timestamp,
                     smileid_signed_t **signed_,
                     smileid_error_t **error);

/**
 * Whether a signature belongs to a timestamp's text, in constant time. It does not prove a body: see the README.
 *
 * partner_id, api_key: as for smileid_sign. timestamp, signature: borrowed. confirmed: receives 1 or 0; 0 on
 * failure. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK, also when the
 * signature is wrong, or SMILEID_ERROR_INVALID_ARGUMENT. Any thread.
 */
int32_t smileid_confirm_signature(const char *partner_id,
                                  const char *api_key,
                                  const char *timestamp,
                                  const char *signature,
                                  int32_t *confirmed,
                                  smileid_error_t **error);

/**
 * The text that was signed, borrowed from the pair; NULL for NULL.
 */
const char *smileid_signed_timestamp(const smileid_signed_t *signed_);

/**
 * Its signature in base64, borrowed from the pair; NULL for NULL.
 */
const char *smileid_signed_signature(const smileid_signed_t *signed_);

/**
 * Frees a pair. NULL does nothing.
 */
void smileid_signed_free(smileid_signed_t *signed_);

/**
 * Whether the job is finished: 1 or 0. Not whether the person was approved. 0 too where the answer does not say.
 */
int32_t smileid_status_job_complete(const smileid_status_t *status);

/**
 * Whether the finished job succeeded, as Smile ID says: 1, 0 or SMILEID_UNSET.
 */
int32_t smileid_status_job_success(const smileid_status_t *status);

/**
 * The code of the status call, such as "2302". Not the verdict: that is smileid_result_result_code.
 */
const char *smileid_status_code(const smileid_status_t *status);

/**
 * What stands in the answer's result when it is a text, such as "No zip file received".
 */
const char *smileid_status_message(const smileid_status_t *status);

/**
 * The job's result, borrowed from the status; NULL when it is missing, null, empty or a text.
 */
const smileid_result_t *smileid_status_result(const smileid_status_t *status);

/**
 * How many results the user's history has; 0 unless asked for with return_history.
 */
size_t smileid_status_history_count(const smileid_status_t *status);

/**
 * One of the user's results, in the order received: as seen so far the newest first, the present one included.
 * Borrowed from the status; NULL when index is not below smileid_status_history_count.
 */
const smileid_result_t *smileid_status_history_at(const smileid_status_t *status,
                                                  size_t index);

/**
 * The link to the KYC receipt (a PDF behind the portal's login).
 */
const char *smileid_status_kyc_receipt(const smileid_status_t *status);

/**
 * The link to the KYB receipt.
 */
const char *smileid_status_kyb_receipt(const smileid_status_t *status);

/**
 * The user that was asked about.
 */
const char *smileid_status_user_id(const smileid_status_t *status);

/**
 * The job that was asked about.
 */
const char *smileid_status_job_id(const smileid_status_t *status);

/**
 * The text that the server signed.
 */
const char *smileid_status_timestamp(const smileid_status_t *status);

/**
 * The server's signature of the timestamp. While it is fresh it can sign requests: keep it secret.
 */
const char *smileid_status_signature(const smileid_status_t *status);

/**
 * The answer's body after content decoding, byte for byte; not NUL-terminated. It holds the signature and personal
 * data: do not log it.
 *
 * length: receives the number of bytes; may be NULL.
 */
const uint8_t *smileid_status_raw(const smileid_status_t *status,
                                  size_t *length);

/**
 * The whole typed view as JSON text, with everything that has no getter: actions, ID data, antifraud, further
 * fields. It holds the signature and personal data: do not log it. Made when first asked for.
 */
const char *smileid_status_json(const smileid_status_t *status);

/**
 * Whether the receiver at callback_url took the status, with 2xx: 1 or 0; SMILEID_UNSET where none was delivered to.
 */
int32_t smileid_status_callback_delivered(const smileid_status_t *status);

/**
 * How many tries the delivery to callback_url took; SMILEID_UNSET where there was none.
 */
int32_t smileid_status_callback_attempts(const smileid_status_t *status);

/**
 * The HTTP status of the last try to deliver, if it had an answer; else SMILEID_UNSET.
 */
int32_t smileid_status_callback_http_status(const smileid_status_t *status);

/**
 * What went wrong with the last try to deliver, one of SMILEID_ERROR_*; SMILEID_OK where nothing did or none was made.
 */
int32_t smileid_status_callback_error(const smileid_status_t *status);

/**
 * Frees a status and all that was borrowed from it. NULL does nothing. Not for one that was
 * borrowed, from an error, an update, an outcome or a step.
 */
void smileid_status_free(smileid_status_t *status);

/**
 * Asks once and never sleeps: one step of a smileid_wait_until_complete whose waiting is left to the caller, such as a
 * task queue. Unless it is finished, wait smileid_step_after_ms and call again with smileid_step_token in options.token.
 *
 * Parameters, threads and errors are those of smileid_wait_until_complete. step: receives the step, which the caller
 * owns and frees with smileid_step_free; NULL on failure.
 */
int32_t smileid_poll_step(const smileid_client_t *client,
                          const char *user_id,
                          const char *job_id,
                          const smileid_wait_options_t *options,
                          const smileid_cancel_token_t *cancel,
                          smileid_step_t **step,
                          smileid_error_t **error);

/**
 * Whether the job is complete: 1 or 0; 0 for NULL.
 */
int32_t smileid_step_is_finished(const smileid_step_t *step);

/**
 * The complete status, borrowed from the step; NULL unless it is finished.
 */
const smileid_status_t *smileid_step_status(const smileid_step_t *step);

/**
 * How long to wait before the next step, in milliseconds; SMILEID_UNSET when finished.
 */
int64_t smileid_step_after_ms(const smileid_step_t *step);

/**
 * The token of the next step, borrowed from the step: at most 128 characters of base64url, without an id, a secret or an
 * answer. NULL when finished.
 */
const char *smileid_step_token(const smileid_step_t *step);

/**
 * Frees a step and all that was borrowed from it. NULL does nothing.
 */
void smileid_step_free(smileid_step_t *step);

/**
 * Fills every field with its default: `smileid_wait_options_init(&options, sizeof options)`.
 *
 * options: written, struct_size bytes; NULL does nothing. Any thread.
 */
void smileid_wait_options_init(smileid_wait_options_t *options, size_t struct_size);

/**
 * Fills every field with its default: `smileid_many_options_init(&options, sizeof options)`.
 *
 * options: written, struct_size bytes; NULL does nothing. Any thread.
 */
void smileid_many_options_init(smileid_many_options_t *options, size_t struct_size);

/**
 * Fills every field with its default: `smileid_download_options_init(&options, sizeof options)`.
 *
 * options: written, struct_size bytes; NULL does nothing. Any thread.
 */
void smileid_download_options_init(smileid_download_options_t *options, size_t struct_size);

/**
 * Prepares a watch; its clock starts now, its first query is sent by the first smileid_watch_next.
 *
 * client, user_id, job_id, options: borrowed for the call, as in smileid_wait_until_complete; a token is refused. watch:
 * receives the watch, which the caller owns and frees with smileid_watch_free, before or after the client; NULL on
 * failure. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK or the error's number; an
 * option outside of its limits is the first update's error. Any thread; returns at once.
 */
int32_t smileid_watch_job_status(const smileid_client_t *client,
                                 const char *user_id,
                                 const char *job_id,
                                 const smileid_wait_options_t *options,
                                 smileid_watch_t **watch,
                                 smileid_error_t **error);

/**
 * Waits for the next update. The next query is not sent before this is called.
 *
 * watch: borrowed. cancel: borrowed; may be NULL. Cancelling ends the watch and drops its request. update: receives the
 * update, which the caller owns and frees with smileid_update_free; NULL after the last one, after smileid_watch_close
 * and on failure. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK, also at the end,
 * or the error's number, which ends the watch: SMILEID_ERROR_JOB_INCOMPLETE when the time is up. Any thread.
 */
int32_t smileid_watch_next(const smileid_watch_t *watch,
                           const smileid_cancel_token_t *cancel,
                           smileid_update_t **update,
                           smileid_error_t **error);

/**
 * Ends a watch and drops its request: a smileid_watch_next that waits hands out the end. Returns at once; a second time
 * does nothing.
 *
 * watch: borrowed; NULL does nothing. Any thread.
 */
void smileid_watch_close(const smileid_watch_t *watch);

/**
 * Ends and frees a watch. NULL does nothing. No thread may be inside a call with it. Updates live on.
 */
void smileid_watch_free(smileid_watch_t *watch);

/**
 * The attempt that brought the update, counted from 1; 0 for NULL.
 */
uint32_t smileid_update_attempt(const smileid_update_t *update);

/**
 * The time since the watch began, in milliseconds; SMILEID_UNSET for NULL.
 */
int64_t smileid_update_elapsed_ms(const smileid_update_t *update);

/**
 * The status, borrowed from the update; NULL for NULL.
 */
const smileid_status_t *smileid_update_status(const smileid_update_t *update);

/**
 * Whether the status differs from the update before, beyond its timestamp, signature and freshly signed links: 1 or 0.
 */
int32_t smileid_update_changed(const smileid_update_t *update);

/**
 * How long until the next query, in milliseconds; SMILEID_UNSET in the last update.
 */
int64_t smileid_update_next_delay_ms(const smileid_update_t *update);

/**
 * Frees an update and all that was borrowed from it. NULL does nothing.
 */
void smileid_update_free(smileid_update_t *update);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SMILEID_JOBS_H */
