/** The options of clients and verbs. Their values are judged by the native core; only their names are judged here. */

import { InvalidArgumentError } from './errors'
import type { ManyProgress } from './many'

/** Options of `new Client(…)`. `environment` or `baseUrl` is required. */
export interface ClientOptions {
  /** The partner id as the portal shows it, zeros kept: 1 to 64 printable ASCII characters. */
  partnerId: string
  /** The API key: 1 to 4096 bytes of text. Kept in native memory that is wiped; never shown. */
  apiKey: string
  /** `'sandbox'` or `'production'`; `0` and `1`, as text or number, stand for the same. A key belongs to one of them. */
  environment?: 'sandbox' | 'production' | '0' | '1' | 0 | 1 | undefined
  /** The server's root in place of an environment: https, or plain http on this machine. `/v1/job_status` is appended. */
  baseUrl?: string | undefined
  /**
   * The bound of one HTTP request, headers and body, in milliseconds: 0 to 30 days.
   * @defaultValue 15000
   */
  requestTimeoutMs?: number | undefined
  /**
   * The bound of making one connection, in milliseconds: 0 to 30 days.
   * @defaultValue 5000
   */
  connectTimeoutMs?: number | undefined
  /**
   * How often one attempt repeats a request after a transient failure: 0 to 100. Each one is signed anew.
   * @defaultValue 2
   */
  maxRetries?: number | undefined
  /**
   * How many requests of this client may be in flight: 1 to 1024. Others queue, and the wait counts. An eighth of them,
   * and one at least, is not for `pollMany` and waits, so that jobs that stall keep no single call waiting.
   * @defaultValue 64
   */
  maxConnections?: number | undefined
  /**
   * The largest body that is read, in bytes after content decoding: 1 to 1 GiB.
   * @defaultValue 33554432
   */
  maxResponseBytes?: number | undefined
  /** A PEM file of the certificates to trust, in place of the platform's. `NODE_EXTRA_CA_CERTS` does not count here. */
  caBundle?: string | undefined
  /**
   * Whether bundled roots stand in on a machine that has none.
   * @defaultValue true
   */
  bundledRoots?: boolean | undefined
  /**
   * Whether `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` count. Loopback hosts never go through a proxy.
   * One that counts for the server and is not the URL of an HTTP proxy is refused.
   * @defaultValue true
   */
  trustEnv?: boolean | undefined
  /** The URL of an HTTP proxy, in place of the environment's. */
  proxy?: string | undefined
}

/** Options of `getJobStatus`. */
export interface GetJobStatusOptions {
  /**
   * Ask for the user's results so far too.
   * @defaultValue false
   */
  returnHistory?: boolean | undefined
  /**
   * Ask for links to the selfie, liveness and ID card images too.
   * @defaultValue false
   */
  returnImageLinks?: boolean | undefined
  /**
   * Poll with the default delays until the job is complete or the attempts are used up. The other verbs wait anyway and
   * take it without effect.
   * @defaultValue false
   */
  returnJobStatus?: boolean | undefined
  /**
   * Deliver the final result to this URL as well, once the job is complete: https, or http on this machine; at most 2
   * tries and 10 s, within the call's own bound. `callbackDelivery` of the status says how it went. The delivery
   * includes the answer's timestamp and signature: while these are fresh, the receiver can send signed requests as you.
   */
  callbackUrl?: string | null | undefined
  /**
   * The bound of everything this call does, in milliseconds: 0 (exactly one HTTP request) to 30 days; `null` is no
   * bound.
   * @defaultValue 30000
   */
  timeoutMs?: number | null | undefined
  /** Aborting rejects with the signal's reason and drops the request at once. */
  signal?: AbortSignal | null | undefined
}

/** Options of `pollJobStatus`. */
export interface PollJobStatusOptions extends Omit<GetJobStatusOptions, 'timeoutMs'> {
  /**
   * How often to ask again after the first query: 0 to 1000.
   * @defaultValue 3
   */
  retryCount?: number | undefined
  /**
   * The delay before the first retry, in milliseconds; each later one is twice as long: 1 ms to 1 h.
   * @defaultValue 2000
   */
  initialDelayMs?: number | undefined
  /**
   * The longest delay, in milliseconds, at least `initialDelayMs`: 1 ms to 1 h. The default gives way to a longer
   * `initialDelayMs`.
   * @defaultValue 30000
   */
  maxDelayMs?: number | undefined
  /**
   * The bound of everything this call does, in milliseconds: 0 (exactly one HTTP request) to 30 days; `null` is no
   * bound. A delay that would outlast it ends the call at once, with the last failure or a `RequestTimeoutError`.
   * @defaultValue null
   */
  timeoutMs?: number | null | undefined
}

/** Options of `watchJobStatus`; and those that all waits for one job share. */
export interface WatchJobStatusOptions extends Omit<GetJobStatusOptions, 'timeoutMs'> {
  /**
   * How often to ask again after the first query: 0 to 1000; `null` is no limit.
   * @defaultValue null
   */
  retryCount?: number | null | undefined
  /**
   * The delay before the first retry, in milliseconds; each later one is twice as long, with jitter: 1 ms to 1 h.
   * @defaultValue 2000
   */
  initialDelayMs?: number | undefined
  /**
   * The longest delay, in milliseconds, at least `initialDelayMs`: 1 ms to 1 h. The default gives way to a longer
   * `initialDelayMs`.
   * @defaultValue 30000
   */
  maxDelayMs?: number | undefined
  /**
   * The bound of the whole wait, in milliseconds: 0 (exactly one HTTP request) to 30 days; `null` is no bound. The last
   * query starts 1 s before the end (half-way, where `timeoutMs` is below 2 s), and the wait ends with its answer.
   * @defaultValue 60000
   */
  timeoutMs?: number | null | undefined
}

/** Options of `waitUntilComplete`. */
export interface WaitUntilCompleteOptions extends WatchJobStatusOptions {
  /** Goes on where a `pollStep` left off: its attempts and its deadline, in place of `timeoutMs`. */
  token?: string | null | undefined
}

/** Options of `pollStep`. The other ones must be the same in every step. */
export interface PollStepOptions extends WatchJobStatusOptions {
  /** The token of the step before; the first step has none. */
  token?: string | null | undefined
}

/** Options of `pollMany`. */
export interface PollManyOptions extends Omit<WatchJobStatusOptions, 'returnJobStatus' | 'callbackUrl' | 'timeoutMs'> {
  /**
   * The bound of each job, in milliseconds from its own first query: 0 (asks once) to 30 days; `null` is no bound.
   * The last query starts 1 s before the end (half-way, where `timeoutMs` is below 2 s), and the wait ends with its
   * answer.
   * @defaultValue 60000
   */
  timeoutMs?: number | null | undefined
  /**
   * How many jobs are admitted at a time: 1 to 1000000. More are read as some are handed out.
   * @defaultValue 10000
   */
  maxWaiting?: number | undefined
  /**
   * At most this many HTTP requests a second, retries included: from one in 30 days to 1000000; `null`, the default, is
   * no limit.
   */
  rateLimit?: number | null | undefined
  /**
   * How many requests may go out at once after a pause, under a rate limit: 1 to 1000000.
   * @defaultValue 1
   */
  burst?: number | undefined
  /** Called with the progress after each outcome, before it is handed out. What it throws ends everything. */
  onProgress?: ((progress: ManyProgress) => void) | null | undefined
}

/** Options of `downloadImages`. */
export interface DownloadImagesOptions {
  /**
   * Write each image to `<key>.jpg` or `<key>.png` in this directory, which must exist. Files are made with mode 0600
   * beside the target and renamed, so that none is ever half written. Without it, images stay in memory.
   */
  directory?: string | null | undefined
  /**
   * Replace files that exist; otherwise they are an error.
   * @defaultValue false
   */
  overwrite?: boolean | undefined
  /** Download from these hosts only; `null`, the default, is any host with a public name. */
  allowedHosts?: Iterable<string> | null | undefined
  /**
   * Ask once for new links when one has expired.
   * @defaultValue false
   */
  refresh?: boolean | undefined
  /**
   * The bound of all downloads together, in milliseconds: 0 to 30 days; `null` is no bound but the requests' own.
   * @defaultValue 60000
   */
  timeoutMs?: number | null | undefined
  /** Aborting rejects with the signal's reason and drops the requests at once. */
  signal?: AbortSignal | null | undefined
}

/** Options of `verifyCallback`. */
export interface VerifyCallbackOptions {
  /**
   * How old the callback may be, in milliseconds by its own timestamp: 0 to 30 days; `null` is no limit. A timestamp
   * further than that in the future is refused too.
   * @defaultValue null
   */
  maxAgeMs?: number | null | undefined
}

/** Stands for options that are left out: there is nothing to check or read, not even what other code has put on every object. */
export const NONE: Readonly<object> = Object.freeze(Object.create(null) as object)

/** Every name, so that the compiler sees one that is missing here or unknown above. */
type Names<Options> = Record<keyof Required<Options>, true>

const CLIENT: Names<ClientOptions> = {
  partnerId: true,
  apiKey: true,
  environment: true,
  baseUrl: true,
  requestTimeoutMs: true,
  connectTimeoutMs: true,
  maxRetries: true,
  maxConnections: true,
  maxResponseBytes: true,
  caBundle: true,
  bundledRoots: true,
  trustEnv: true,
  proxy: true,
}

const GET: Names<GetJobStatusOptions> = {
  returnHistory: true,
  returnImageLinks: true,
  returnJobStatus: true,
  callbackUrl: true,
  timeoutMs: true,
  signal: true,
}

const POLL: Names<PollJobStatusOptions> = { ...GET, retryCount: true, initialDelayMs: true, maxDelayMs: true }

const STEP: Names<PollStepOptions & WaitUntilCompleteOptions> = { ...POLL, token: true }

const MANY: Names<PollManyOptions> = {
  returnHistory: true,
  returnImageLinks: true,
  timeoutMs: true,
  retryCount: true,
  initialDelayMs: true,
  maxDelayMs: true,
  maxWaiting: true,
  rateLimit: true,
  burst: true,
  onProgress: true,
  signal: true,
}

const DOWNLOAD: Names<DownloadImagesOptions> = {
  directory: true,
  overwrite: true,
  allowedHosts: true,
  refresh: true,
  timeoutMs: true,
  signal: true,
}

const CALLBACK: Names<VerifyCallbackOptions> = { maxAgeMs: true }

/** Refuses what is no object and names that are no options: a misspelt one must not be a silent default. */
function refuseOthers<Options extends object>(options: Options, names: Names<Options>): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError('options: expected an object', { argument: 'options' })
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(names, name)) continue
    const known = Object.keys(names).join(', ')
    throw new InvalidArgumentError(`${name}: no such option; expected one of ${known}`, { argument: snake(name) })
  }
}

/**
 * A property that the caller gave: the object's own, or one of a prototype that was made for it. What stands on
 * `Object.prototype` was put there by other code, perhaps by an attacker's data, and counts as absent.
 */
export function given<Value extends object, Name extends keyof Value>(object: Value, name: Name): Value[Name] | undefined {
  return name in Object.prototype && !isGiven(object, name) ? undefined : object[name]
}

function isGiven(object: object, name: PropertyKey): boolean {
  for (let at: object | null = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null) {
    if (Object.hasOwn(at, name)) return true
  }
  return false
}

/** The options that were given, read once, in an object without a prototype. */
function copied<Options extends object>(options: Options, names: Names<Options>): Options {
  const values = Object.create(null) as Options
  for (const name of Object.keys(names) as (keyof Options)[]) values[name] = given(options, name) as Options[keyof Options]
  return values
}

/** Options checked, for those that are read once and at once: the caller's own object, where that is safe. */
function check<Options extends object>(options: Options, names: Names<Options>): Options {
  if (options === NONE) return options
  refuseOthers(options, names)
  for (const name in names) if (name in Object.prototype) return copied(options, names)
  return options
}

/**
 * Options checked and read, once, into an object of our own: for those that the native side reads by name. What the
 * caller's object throws on the way is thrown here, where nothing has been started.
 */
function read<Options extends object>(options: Options, names: Names<Options>): Options {
  if (options === NONE) return options
  refuseOthers(options, names)
  return copied(options, names)
}

/** `initialDelayMs` as `argument` spells it in every language: `initial_delay`. */
function snake(name: string): string {
  return name.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

export function readClientOptions(options: Partial<ClientOptions>): Partial<ClientOptions> {
  return read(options, CLIENT)
}

export function checkGetOptions(options: GetJobStatusOptions): GetJobStatusOptions {
  return check(options, GET)
}

export function readPollOptions(options: PollJobStatusOptions): PollJobStatusOptions {
  return read(options, POLL)
}

export function readWatchOptions(options: WatchJobStatusOptions): WatchJobStatusOptions {
  return read(options, POLL)
}

export function readStepOptions(options: PollStepOptions & WaitUntilCompleteOptions): PollStepOptions {
  return read(options, STEP)
}

export function readManyOptions(options: PollManyOptions): PollManyOptions {
  return read(options, MANY)
}

export function readDownloadOptions(options: DownloadImagesOptions): DownloadImagesOptions {
  return read(options, DOWNLOAD)
}

export function checkCallbackOptions(options: VerifyCallbackOptions): VerifyCallbackOptions {
  return check(options, CALLBACK)
}

/** Anything that behaves like an AbortSignal will do; it may come from another realm. */
export function checkSignal(signal: AbortSignal | null | undefined): AbortSignal | undefined {
  if (signal === undefined || signal === null) return undefined
  if (typeof signal === 'object' && 'aborted' in signal) {
    const { addEventListener, removeEventListener } = signal
    if (typeof addEventListener === 'function' && typeof removeEventListener === 'function') return signal
  }
  throw new InvalidArgumentError('signal: expected an AbortSignal', { argument: 'signal' })
}
