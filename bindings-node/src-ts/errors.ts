/**
 * Error classes. Every error has a stable `code` and `number`; its message is one line without ids, keys or data.
 * What is private (ids, bodies, statuses) is reachable, but not printed: not by `console.log`, `util.inspect`,
 * `JSON.stringify` or Node's report of an unhandled rejection.
 */

import { inspect, type InspectOptions } from 'node:util'

import type { CauseData, ErrorData, Made } from '../native'
import { statusFrom, type JobStatus } from './status'

/** Where time ran out; see {@link SmileIDError.phase}. */
export type Phase = 'queue' | 'connect' | 'response' | 'body' | 'server' | 'overall'

/** Why a wait ended before its job; see {@link SmileIDError.reason}. */
export type IncompleteReason = 'deadline' | 'attempts' | 'retry_after_beyond_deadline'

/** What an error knows besides its message; all of it is optional. */
export interface ErrorDetails {
  argument?: string | undefined
  phase?: Phase | undefined
  reason?: IncompleteReason | undefined
  httpStatus?: number | undefined
  apiCode?: string | undefined
  retryAfterMs?: number | undefined
  userId?: string | undefined
  jobId?: string | undefined
  attempts?: number | undefined
  elapsedMs?: number | undefined
  /** Left out, it is false. */
  isTransient?: boolean | undefined
  lastStatus?: JobStatus | undefined
  lastError?: SmileIDError | undefined
  raw?: Buffer | undefined
  cause?: Error | undefined
}

/** What an object has itself, beside nothing that other code has put on every object. */
function ownOf<Data extends object>(data: Data): Data {
  return Object.assign(Object.create(null) as Data, data)
}

/** The base of everything this package throws, but for a signal's reason. */
export abstract class SmileIDError extends Error {
  /** The stable code, such as `SMILEID_TIMEOUT`. */
  abstract readonly code: string
  /** The code's stable number; the same in every language. */
  abstract readonly number: number
  /** The refused argument as every language spells it, without a unit: `initial_delay` for `initialDelayMs`. */
  declare readonly argument?: string
  /** Where time ran out: `queue`, `connect`, `response`, `body`, `server` or `overall`. */
  declare readonly phase?: Phase
  /** Why a wait ended before its job: `deadline`, `attempts` or `retry_after_beyond_deadline`. */
  declare readonly reason?: IncompleteReason
  /** The HTTP status of the answer, if there was one. */
  declare readonly httpStatus?: number
  /** Smile ID's own error code, such as `2205`. */
  declare readonly apiCode?: string
  /** How long the server asked to wait, in milliseconds. */
  declare readonly retryAfterMs?: number
  /** How many attempts were made; HTTP retries inside one attempt do not count. */
  declare readonly attempts?: number
  /** The time from the start of the call, in milliseconds. */
  declare readonly elapsedMs?: number
  /** Whether the same call may well succeed when it is made again later. */
  declare readonly isTransient: boolean
  /** What lies under this error, without anything private. */
  declare readonly cause?: Error
  readonly #private: ErrorDetails

  constructor(message: string, details: ErrorDetails = {}) {
    const own = ownOf(details)
    super(message, own.cause === undefined ? undefined : { cause: own.cause })
    this.#private = own
    const { argument, phase, reason, httpStatus, apiCode, retryAfterMs, attempts, elapsedMs, isTransient = false } = own
    const shown = { argument, phase, reason, httpStatus, apiCode, retryAfterMs, attempts, elapsedMs, isTransient }
    for (const [name, value] of Object.entries(shown)) {
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: true })
    }
  }

  /** The user asked about. Not printed. */
  get userId(): string | undefined {
    return this.#private.userId
  }

  /** The job asked about. Not printed. */
  get jobId(): string | undefined {
    return this.#private.jobId
  }

  /** The last status that a polling verb saw before it failed. Not printed. */
  get lastStatus(): JobStatus | undefined {
    return this.#private.lastStatus
  }

  /** The failure before this one, where a polling verb went on; of a call whose own time was up, what it ended in. Not printed. */
  get lastError(): SmileIDError | undefined {
    return this.#private.lastError
  }

  /** The body of the answer that was refused. It can hold personal data and a signature: do not log it. Not printed. */
  get raw(): Buffer | undefined {
    return this.#private.raw
  }

  /** As Node prints any error, but never with what the getters above hold. @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return inspect(this, { ...options, customInspect: false, getters: false, showHidden: false })
  }
}

/** An argument is outside of its limits; nothing was sent. `argument` names it. */
export class InvalidArgumentError extends SmileIDError {
  override readonly code = 'SMILEID_INVALID_ARGUMENT'
  override readonly number = 1001
}

/** The client was closed before or during the call. */
export class ClientClosedError extends SmileIDError {
  override readonly code = 'SMILEID_CLIENT_CLOSED'
  override readonly number = 1002
}

/** A poll token is for another question, another key or another version, or was changed. */
export class PollTokenError extends SmileIDError {
  override readonly code = 'SMILEID_TOKEN_MISMATCH'
  override readonly number = 1003
}

/** A file of yours could not be read or written. */
export class FileError extends SmileIDError {
  override readonly code = 'SMILEID_IO'
  override readonly number = 1004
}

/** The connection broke before the whole answer had arrived; and the base of {@link ConnectError} and others. */
export class NetworkError extends SmileIDError {
  override readonly code: string = 'SMILEID_NETWORK'
  override readonly number: number = 2004
}

/** No connection: the name was not found, or the server refused or could not be reached. */
export class ConnectError extends NetworkError {
  override readonly code = 'SMILEID_CONNECT'
  override readonly number = 2001
}

/** The TLS handshake failed, for example because the certificate is not trusted. */
export class TLSError extends NetworkError {
  override readonly code = 'SMILEID_TLS'
  override readonly number = 2002
}

/** Time ran out; `phase` says where. */
export class RequestTimeoutError extends NetworkError {
  override readonly code = 'SMILEID_TIMEOUT'
  override readonly number = 2003
}

/** Smile ID answered that it will not or cannot. */
export abstract class APIError extends SmileIDError {}

/** Smile ID refused the credentials or the request's signature. */
export class AuthenticationError extends APIError {
  override readonly code = 'SMILEID_AUTHENTICATION'
  override readonly number = 3001
}

/** Smile ID asked to slow down (HTTP 429). */
export class RateLimitError extends APIError {
  override readonly code = 'SMILEID_RATE_LIMITED'
  override readonly number = 3002
}

/** Smile ID refused the request (another 4xx, or an error in place of a status). */
export class RequestRejectedError extends APIError {
  override readonly code = 'SMILEID_REJECTED'
  override readonly number = 3003
}

/** The server failed (5xx). */
export class ServerError extends APIError {
  override readonly code = 'SMILEID_SERVER'
  override readonly number = 3004
}

/** The answer is not a job status. */
export class InvalidResponseError extends SmileIDError {
  override readonly code = 'SMILEID_INVALID_RESPONSE'
  override readonly number = 4001
}

/** The answer is larger than `maxResponseBytes`. */
export class ResponseTooLargeError extends SmileIDError {
  override readonly code = 'SMILEID_RESPONSE_TOO_LARGE'
  override readonly number = 4002
}

/** The answer's signature is wrong, missing or malformed. */
export class SignatureError extends SmileIDError {
  override readonly code: string = 'SMILEID_SIGNATURE_MISMATCH'
  override readonly number: number = 4003
}

/** The answer carries the old unkeyed hash, which proves nothing. */
export class LegacySignatureError extends SignatureError {
  override readonly code = 'SMILEID_LEGACY_SIGNATURE'
  override readonly number = 4004
}

/** The answer is about another user or job than the one asked for. */
export class ResponseMismatchError extends SmileIDError {
  override readonly code = 'SMILEID_RESPONSE_MISMATCH'
  override readonly number = 4005
}

/** A callback is older than `maxAgeMs` or further than that in the future, or its age cannot be told. */
export class CallbackExpiredError extends SmileIDError {
  override readonly code = 'SMILEID_CALLBACK_EXPIRED'
  override readonly number = 4006
}

/** An image link is no longer valid; ask for new ones. */
export class ImageLinkExpiredError extends SmileIDError {
  override readonly code = 'SMILEID_IMAGE_LINK_EXPIRED'
  override readonly number = 4101
}

/** An image was refused because of its host, its type or its size. */
export class ImageRefusedError extends SmileIDError {
  override readonly code = 'SMILEID_IMAGE_REFUSED'
  override readonly number = 4102
}

/** The wait ended before the job did; `reason` says why, `lastStatus` how it stands. */
export class JobIncompleteError extends SmileIDError {
  override readonly code = 'SMILEID_JOB_INCOMPLETE'
  override readonly number = 5001
}

/**
 * A bug in this package; please report it. Or, as the message says then, this process's limits leave the library no thread
 * or no event queue: raise them, and call again.
 */
export class InternalError extends SmileIDError {
  override readonly code = 'SMILEID_INTERNAL'
  override readonly number = 9001
}

const CLASSES = {
  InvalidArgumentError,
  ClientClosedError,
  PollTokenError,
  FileError,
  NetworkError,
  ConnectError,
  TLSError,
  RequestTimeoutError,
  AuthenticationError,
  RateLimitError,
  RequestRejectedError,
  ServerError,
  InvalidResponseError,
  ResponseTooLargeError,
  SignatureError,
  LegacySignatureError,
  ResponseMismatchError,
  CallbackExpiredError,
  ImageLinkExpiredError,
  ImageRefusedError,
  JobIncompleteError,
  InternalError,
}

for (const [name, type] of Object.entries({ SmileIDError, APIError, ...CLASSES })) {
  // On the prototype, as JavaScript's own errors have it, and spelt out for minified programs.
  Object.defineProperty(type.prototype, 'name', { value: name, configurable: true, writable: true })
}

type ErrorClass = new (message: string, details?: ErrorDetails) => SmileIDError

let byNumber: ReadonlyMap<number, ErrorClass> | undefined

/** The class with this number. Numbers are told by instances, and not made before there is an error: most programs see none. */
function classOf(number: number): ErrorClass {
  byNumber ??= new Map(Object.values(CLASSES).map((type) => [new type('').number, type]))
  return byNumber.get(number) ?? InternalError
}

/** What the JSON, HTTP, TLS or operating-system layer said, without a URL and without content. */
export class UnderlyingError extends Error {
  /** For a JSON text that is not what it should be: `syntax`, `data`, `eof` or `io`. */
  declare readonly category?: string
  /** One-based line in the body. */
  declare readonly line?: number
  /** One-based column in that line. */
  declare readonly column?: number

  /** @internal */
  constructor(cause: CauseData) {
    const { message, category, line, column } = ownOf(cause)
    super(message)
    if (category !== undefined) Object.assign(this, { category, line, column })
    // Where it was made says nothing: what it tells of happened elsewhere.
    this.stack = `UnderlyingError: ${message}`
  }
}

Object.defineProperty(UnderlyingError.prototype, 'name', { value: 'UnderlyingError', configurable: true, writable: true })

/** Makes the error that native data tells of. @internal */
export function errorFrom(data: ErrorData): SmileIDError {
  const type = classOf(data.number)
  const own = ownOf(data)
  return new type(own.message, {
    ...own,
    phase: own.phase as Phase | undefined,
    reason: own.reason as IncompleteReason | undefined,
    lastStatus: own.lastStatus && statusFrom(own.lastStatus),
    lastError: own.lastError && errorFrom(own.lastError),
    cause: own.cause && new UnderlyingError(own.cause),
  })
}

/** What a native function made; throws why it made nothing. @internal */
export function made<Value>(told: Made<Value>): Value {
  // Its own, and not what other code has put on every object: that would pass for a good end.
  if (Object.hasOwn(told, 'ok')) return told.ok as Value
  throw errorFrom(told.err as ErrorData)
}
