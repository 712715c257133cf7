/** The client and its verbs. */

import { inspect } from 'node:util'

import native = require('./native')
import type { AgainData, ClientHandle, ErrorData, ImageData } from '../native'
import { run, type Settled } from './bridge'
import { Callback } from './callback'
import { errorFrom, InternalError, InvalidArgumentError } from './errors'
import {
  checkClientOptions,
  checkDownloadOptions,
  checkGetOptions,
  checkManyOptions,
  checkPollOptions,
  checkSignal,
  checkVerifyOptions,
  checkWaitOptions,
  checkWatchOptions,
  type ClientOptions,
  type DownloadImagesOptions,
  type GetJobStatusOptions,
  type PollJobStatusOptions,
  type PollManyOptions,
  type VerifyCallbackOptions,
  type WaitOptions,
  type WatchOptions,
} from './options'
import { handleOf, JobStatus } from './status'
import { JobOutcomes, StatusUpdates, type Job } from './streams'
import { Image, type PollStep } from './waiting'

const NONE = Object.freeze({})

/** Tells the constructor that `fromEnv` calls it. */
const FROM_ENV = Symbol('fromEnv')

/**
 * Asks Smile ID how jobs ended.
 *
 * Make one per program and share it: it keeps connections open. An idle client does not keep the process alive, a
 * running call does. Clients of worker threads are independent of each other.
 *
 * @example
 * const client = new Client({ partnerId: '001', apiKey: '…', environment: 'sandbox' })
 * const status = await client.pollJobStatus('user-1', 'job-1', { returnHistory: true })
 * if (status.jobComplete) console.log(status.jobSuccess, status.result?.resultCode)
 */
export class Client {
  /** `await using client = …` closes it at the end of the block. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>
  /** `using client = …` closes it at the end of the block. */
  declare readonly [Symbol.dispose]: () => void
  readonly #handle: ClientHandle
  #closed = false

  /**
   * Checks the options; opens no connection yet.
   * @throws {@link InvalidArgumentError} naming the option that is missing, unknown or outside of its limits.
   */
  constructor(options: ClientOptions)
  constructor(options: ClientOptions, source?: symbol) {
    const { ok, err } = native.createClient(checkClientOptions(options), source === FROM_ENV)
    if (ok === undefined) throw errorFrom(err as ErrorData)
    this.#handle = ok
  }

  /**
   * A client of `SMILEID_PARTNER_ID`, `SMILEID_API_KEY`, and `SMILEID_ENVIRONMENT` or `SMILEID_BASE_URL`; options given
   * here win.
   * @throws {@link InvalidArgumentError} naming what is missing, unknown or outside of its limits.
   */
  static fromEnv(overrides: Partial<ClientOptions> = NONE): Client {
    const make = this as unknown as new (options: Partial<ClientOptions>, source: symbol) => Client
    return new make(overrides, FROM_ENV)
  }

  /**
   * Asks once how a job stands.
   * @param userId - the user's id as submitted: 1 to 256 bytes of UTF-8, no control characters
   * @param jobId - the job's id as submitted, within the same limits
   * @returns a promise of the verified status. It rejects with a {@link SmileIDError} (`InvalidArgumentError` before
   * anything is sent), or with the signal's reason.
   */
  async getJobStatus(userId: string, jobId: string, options: GetJobStatusOptions = NONE): Promise<JobStatus> {
    const { returnHistory, returnImageLinks, returnJobStatus, callbackUrl, timeoutMs, signal } = checkGetOptions(options)
    const settled = await run(
      (bridge) =>
        native.getJobStatus(
          bridge,
          this.#handle,
          userId,
          jobId,
          returnHistory,
          returnImageLinks,
          returnJobStatus,
          callbackUrl,
          timeoutMs,
        ),
      checkSignal(signal),
    )
    return outcome(settled, userId, jobId)
  }

  /**
   * Asks until the job is complete or `retryCount` retries are used up, and returns the last status either way.
   *
   * With the defaults, requests start at 0, 2, 6 and 14 seconds. At most four, where one official SDK makes five: "3
   * retries" is taken at its word here.
   * @param userId - the user's id as submitted: 1 to 256 bytes of UTF-8, no control characters
   * @param jobId - the job's id as submitted, within the same limits
   * @returns a promise of the last verified status. It rejects with a {@link SmileIDError} (`InvalidArgumentError`
   * before anything is sent) that carries `lastStatus` and `lastError`, or with the signal's reason.
   */
  async pollJobStatus(userId: string, jobId: string, options: PollJobStatusOptions = NONE): Promise<JobStatus> {
    const { returnHistory, returnImageLinks, returnJobStatus, callbackUrl, timeoutMs, signal } = checkPollOptions(options)
    const { retryCount, initialDelayMs, maxDelayMs } = options
    const settled = await run(
      (bridge) =>
        native.pollJobStatus(
          bridge,
          this.#handle,
          userId,
          jobId,
          returnHistory,
          returnImageLinks,
          returnJobStatus,
          callbackUrl,
          timeoutMs,
          retryCount,
          initialDelayMs,
          maxDelayMs,
        ),
      checkSignal(signal),
    )
    return outcome(settled, userId, jobId)
  }

  /**
   * Waits until the job is complete, at most `timeoutMs` (60 s): the first query at once, then with growing, jittered
   * delays, and a last one shortly before the end. Failures that pass do not end the wait.
   * @returns a promise of the complete, verified status. It rejects with {@link JobIncompleteError} when the time or the
   * attempts are used up (`reason`, `lastStatus`, `lastError`, `attempts`, `elapsedMs`), with {@link PollTokenError} for
   * a token of another question, with another {@link SmileIDError} for failures that do not pass, or with the signal's
   * reason.
   */
  async waitUntilComplete(userId: string, jobId: string, options: WaitOptions = NONE): Promise<JobStatus> {
    const { signal } = checkWaitOptions(options)
    const settled = await run(
      (bridge) => native.waitUntilComplete(bridge, this.#handle, userId, jobId, options),
      checkSignal(signal),
    )
    return outcome(settled, userId, jobId)
  }

  /**
   * Waits as {@link waitUntilComplete} does and hands out every answer as it arrives: `for await (const update of …)`.
   * Leaving the loop drops the request; errors come out of the loop.
   * @throws {@link InvalidArgumentError} naming the argument that is unknown or outside of its limits.
   */
  watchJobStatus(userId: string, jobId: string, options: WatchOptions = NONE): StatusUpdates {
    const signal = checkSignal(checkWatchOptions(options).signal)
    const { ok, err } = native.watchJobStatus(this.#handle, userId, jobId, options)
    if (ok === undefined) throw errorFrom(err as ErrorData)
    return new StatusUpdates(ok, signal)
  }

  /**
   * Makes one attempt of a wait and returns a token for the next one: for task queues, where a wait must not live in a
   * process. The options must be the same in every step; `timeoutMs` counts from the first one.
   * @returns a promise of the status, or of when to make the next step and with which token. It rejects as
   * {@link waitUntilComplete} does.
   */
  async pollStep(userId: string, jobId: string, options: WaitOptions = NONE): Promise<PollStep> {
    const { signal } = checkWaitOptions(options)
    const settled = await run(
      (bridge) => native.pollStep(bridge, this.#handle, userId, jobId, options),
      checkSignal(signal),
    )
    if ('value' in settled) return { finished: false, ...(settled.value as AgainData) }
    return { finished: true, status: outcome(settled, userId, jobId) }
  }

  /**
   * Waits for many jobs and hands out an outcome for each, in the order of completion: `for await (const outcome of …)`.
   * Nothing stops the rest when one fails. A job that is listed again while it is waited for is not asked about twice.
   * @param jobs - read as there is room, inside of the loop; may be endless
   * @throws {@link InvalidArgumentError} naming the argument that is unknown or outside of its limits.
   */
  pollMany(jobs: Iterable<Job> | AsyncIterable<Job>, options: PollManyOptions = NONE): JobOutcomes {
    const { onProgress, signal } = checkManyOptions(options)
    const { ok, err } = native.pollMany(this.#handle, options)
    if (ok === undefined) throw errorFrom(err as ErrorData)
    return new JobOutcomes(ok, jobs, onProgress, checkSignal(signal))
  }

  /**
   * Makes running waits for this job ask now, for example when a callback came in: those of `waitUntilComplete`,
   * `watchJobStatus` and `pollMany` of this client. Without one it does nothing. What the server itself asked to wait is
   * still waited for.
   * @throws {@link InvalidArgumentError} when an id is not text.
   */
  notify(userId: string, jobId: string): void {
    const err = native.notify(this.#handle, userId, jobId)
    if (err) throw errorFrom(err)
  }

  /**
   * Downloads the images that a status links to; ask for it with `returnImageLinks`. Https only, no redirects, nothing of
   * ours sent along; JPEG and PNG by content; at most 16 MiB each, 64 in all.
   * @returns a promise of the images. It rejects with {@link ImageLinkExpiredError}, {@link ImageRefusedError},
   * {@link FileError}, another {@link SmileIDError}, or with the signal's reason.
   */
  async downloadImages(status: JobStatus, options: DownloadImagesOptions = NONE): Promise<Image[]> {
    const { allowedHosts, signal } = checkDownloadOptions(options)
    const handle = handleOf(status)
    if (handle === undefined) throw new InvalidArgumentError('status: expected a JobStatus', { argument: 'status' })
    const hosts = allowedHosts ? [...allowedHosts] : null
    const settled = await run(
      (bridge) => native.downloadImages(bridge, this.#handle, handle, hosts, options),
      checkSignal(signal),
    )
    if ('error' in settled) throw errorFrom(settled.error)
    return 'value' in settled ? (settled.value as ImageData[]).map((image) => new Image(image)) : []
  }

  /**
   * Reads a callback's body and checks its signature and, with `maxAgeMs`, its age. What that proves and what not: see
   * {@link Callback}.
   * @param body - the body as it came, byte for byte
   * @throws {@link InvalidResponseError} when it is no callback, {@link SignatureError} when its signature proves
   * nothing, {@link CallbackExpiredError} when it is too old, {@link InvalidArgumentError} for a wrong argument.
   */
  verifyCallback(body: string | Uint8Array, options: VerifyCallbackOptions = NONE): Callback {
    const { maxAgeMs } = checkVerifyOptions(options)
    if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
      throw new InvalidArgumentError('body: expected text or bytes', { argument: 'body' })
    }
    // A copy, which stays what was checked.
    const raw = Buffer.from(body as Uint8Array)
    const { ok, err } = native.verifyCallback(this.#handle, raw, maxAgeMs)
    if (ok === undefined) throw errorFrom(err as ErrorData)
    return new Callback(ok, raw)
  }

  /** Ends running calls with {@link ClientClosedError}, within milliseconds, and refuses new ones. Safe to repeat. */
  close(): void {
    this.#closed = true
    native.closeClient(this.#handle)
  }

  /** @internal */
  [inspect.custom](): string {
    return `Client { closed: ${this.#closed} }`
  }
}

// The earliest releases of Node 20 lack these symbols; as methods of the class they would be called "undefined" there.
if (typeof Symbol.asyncDispose === 'symbol') {
  hide(Symbol.asyncDispose, async function (this: Client) {
    this.close()
  })
}
if (typeof Symbol.dispose === 'symbol') {
  hide(Symbol.dispose, function (this: Client) {
    this.close()
  })
}

function hide(name: symbol, value: unknown): void {
  Object.defineProperty(Client.prototype, name, { value, configurable: true, writable: true })
}

/** Made where the caller's `await` is, so that the stack leads there. */
function outcome(settled: Settled, userId: string, jobId: string): JobStatus {
  if ('error' in settled) throw errorFrom(settled.error)
  if ('value' in settled) throw new InternalError('a call came to something else than a status; please report it')
  return new JobStatus(settled.handle, settled.flags, settled.code, userId, jobId)
}
