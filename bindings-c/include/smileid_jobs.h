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
 * shared between threads. Freeing is the exception: an object must not be in use elsewhere when it is freed.
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
 * Processes. The library installs no signal handler, writes nothing to stdout or stderr (but for a line on stderr
 * about a bug of its own), and reads the environment only where a function says so. Clients survive fork(). A process
 * may end at any time, calls in flight or not. Once loaded, the shared library stays: dlclose() leaves it in place.
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
 * No limit, where a limit may be left out: in timeout_ms, and in retry_count of a wait.
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
 * Smile ID asked to slow down (HTTP 429).
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
 * The answer is larger than max_response_bytes.
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
 * A callback is older than max_age_ms, or its age cannot be told.
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
 * One result of a job: the verdict of a product. Borrowed from its status, and valid until that is freed.
 *
 * Products differ: NULL or SMILEID_UNSET is "absent". Everything else that a result holds is in smileid_status_json.
 * Safe to use from any number of threads at the same time.
 */
typedef struct smileid_result_t smileid_result_t;

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
   * How often one attempt repeats a request that failed in passing: 0 to 100, default 2.
   */
  uint64_t max_retries;
  /**
   * How many requests may be in flight, over all threads: 1 to 1024, default 64. Others queue fairly.
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
   * Whether HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY count: 0 or 1, default 1.
   */
  int32_t trust_env;
} smileid_client_options_t;

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
   * Ask for the user's earlier results too: 0 or 1, default 0.
   */
  int32_t return_history;
  /**
   * Ask for links to the selfie and liveness images too: 0 or 1, default 0.
   */
  int32_t return_image_links;
  /**
   * The result in sync: poll with the defaults of smileid_poll_options_init until the job is complete or the
   * attempts are used up. 0 or 1, default 0.
   */
  int32_t return_job_status;
  /**
   * Deliver the final result to this URL as well, once the job is complete: https, or http on this machine. NULL is
   * none. The status is returned whatever happens; "callback_delivery" in smileid_status_json says how it went.
   */
  const char *callback_url;
} smileid_status_options_t;

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
   * one HTTP request.
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
   * Ask for the user's earlier results too: 0 or 1, default 0.
   */
  int32_t return_history;
  /**
   * Ask for links to the selfie and liveness images too: 0 or 1, default 0.
   */
  int32_t return_image_links;
  /**
   * Taken without effect: this call waits anyway. 0 or 1, default 0.
   */
  int32_t return_job_status;
  /**
   * Deliver the final result to this URL as well, once the job is complete: https, or http on this machine. NULL is
   * none. The status is returned whatever happens; "callback_delivery" in smileid_status_json says how it went.
   */
  const char *callback_url;
} smileid_poll_options_t;

/**
 * What smileid_wait_until_complete asks for and how. Fill it with smileid_wait_options_init, then change what is needed.
 */
typedef struct {
  /**
   * Set by smileid_wait_options_init.
   */
  size_t struct_size;
  /**
   * The bound of the whole call in milliseconds: 0 to 30 days or SMILEID_NO_LIMIT, default 60000. 0 asks for exactly
   * one HTTP request.
   */
  uint64_t timeout_ms;
  /**
   * How often to ask again after the first query: 0 to 1000 or SMILEID_NO_LIMIT, the default.
   */
  uint64_t retry_count;
  /**
   * The first delay in milliseconds; each later one is twice as long, and between half and all of it is waited. 1 to
   * 3600000, default 2000.
   */
  uint64_t initial_delay_ms;
  /**
   * The longest delay in milliseconds, at least initial_delay_ms. 1 to 3600000, default 30000; left at the
   * default, it gives way to a longer initial_delay_ms.
   */
  uint64_t max_delay_ms;
  /**
   * Ask for the user's earlier results too: 0 or 1, default 0.
   */
  int32_t return_history;
  /**
   * Ask for links to the selfie and liveness images too: 0 or 1, default 0.
   */
  int32_t return_image_links;
  /**
   * Taken without effect: this call waits anyway. 0 or 1, default 0.
   */
  int32_t return_job_status;
  /**
   * Deliver the final result to this URL as well, once the job is complete: https, or http on this machine. NULL is
   * none. The status is returned whatever happens; "callback_delivery" in smileid_status_json says how it went.
   */
  const char *callback_url;
} smileid_wait_options_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

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
 * which the caller owns; may be NULL. Returns SMILEID_OK, or SMILEID_ERROR_INVALID_ARGUMENT with the argument's name
 * in smileid_error_argument.
 */
int32_t smileid_client_new(const smileid_client_options_t *options,
                           smileid_client_t **client,
                           smileid_error_t **error);

/**
 * Like smileid_client_new, and takes what the options leave open from the environment: SMILEID_PARTNER_ID,
 * SMILEID_API_KEY, and SMILEID_ENVIRONMENT or SMILEID_BASE_URL.
 *
 * options: may be NULL. No other thread may change the environment (setenv) during the call.
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
 * Why a wait ended: "deadline", "attempts" or "retry_after_beyond_deadline". With SMILEID_ERROR_JOB_INCOMPLETE.
 */
const char *smileid_error_reason(const smileid_error_t *error);

/**
 * The HTTP status of the answer, if there was one.
 */
int32_t smileid_error_http_status(const smileid_error_t *error);

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
 * The failure before this one, where a poll went on after it, borrowed from the error.
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
 * Whether the answer had image links at all: 1 or 0; 0 unless asked for with return_image_links.
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
 * Fills every field with its default: `smileid_wait_options_init(&options, sizeof options)`.
 *
 * options: written, struct_size bytes; NULL does nothing. Any thread.
 */
void smileid_wait_options_init(smileid_wait_options_t *options, size_t struct_size);

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
 * Waits until the job is complete, at most timeout_ms: the first query at once, then with growing, jittered delays,
 * and a last one shortly before the end. Failures that pass do not end the wait.
 *
 * Parameters, ownership, threads and errors are those of smileid_get_job_status. SMILEID_ERROR_JOB_INCOMPLETE when the
 * time or the attempts are used up: smileid_error_reason, smileid_error_last_status, smileid_error_last_error.
 */
int32_t smileid_wait_until_complete(const smileid_client_t *client,
                                    const char *user_id,
                                    const char *job_id,
                                    const smileid_wait_options_t *options,
                                    const smileid_cancel_token_t *cancel,
                                    smileid_status_t **status,
                                    smileid_error_t **error);

/**
 * Makes running waits for this job ask now, for example when a callback came in: those of smileid_wait_until_complete
 * with this client. Without one it does nothing. What the server itself asked to wait is still waited for.
 *
 * client: borrowed. user_id, job_id: borrowed texts in UTF-8. error: receives the error, which the caller owns; may be
 * NULL. Returns SMILEID_OK or SMILEID_ERROR_INVALID_ARGUMENT. Any thread.
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
 * The product as a number (PartnerParams.job_type): 1 Biometric KYC, 5 Enhanced KYC, 6 Document Verification and so
 * on; SMILEID_UNSET when absent.
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
 * How many earlier results there are; 0 unless asked for with return_history.
 */
size_t smileid_status_history_count(const smileid_status_t *status);

/**
 * An earlier result, in the order received, borrowed from the status; NULL when index is not below
 * smileid_status_history_count.
 */
const smileid_result_t *smileid_status_history_at(const smileid_status_t *status, size_t index);

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
 * Frees a status and all that was borrowed from it. NULL does nothing. Not for the one that
 * smileid_error_last_status returns: that one is the error's.
 */
void smileid_status_free(smileid_status_t *status);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SMILEID_JOBS_H */
