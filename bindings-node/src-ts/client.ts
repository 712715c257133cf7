/** The client and its verbs. */

import { inspect, types } from 'node:util'

import native = require('./native')
import type { ClientHandle } from '../native'
import { attendLog, beginCall, endOf, run, valueFrom, type Settled } from './bridge'
import { MadeCallback, type Callback } from './callback'
import { errorFrom, InvalidArgumentError, made } from './errors'
import { checkHosts, imagesFrom, type Image } from './images'
import { MadeOutcomes, type Job, type JobOutcomes } from './many'
import {
  checkCallbackOptions,
  checkGetOptions,
  checkSignal,
  NONE,
  readClientOptions,
  readDownloadOptions,
  readPollOptions,
  readStepOptions,
  type ClientOptions,
  type DownloadImagesOptions,
  type GetJobStatusOptions,
  type PollJobStatusOptions,
  type PollManyOptions,
  type PollStepOptions,
  type VerifyCallbackOptions,
  type WaitUntilCompleteOptions,
  type WatchJobStatusOptions,
} from './options'
import { handleOf, JobStatus, MadeStatus } from './status'
import { stepFrom, type PollStep } from './step'
import { MadeUpdates, type StatusUpdates } from './watch'

/** The class that `fromEnv` makes an instance of now. Not an argument: constructors of subclasses would not pass it on. */
let making: unknown

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
   * @throws {@link InvalidArgumentError} naming the option that is missing, unknown or outside of its limits;
   * `FileError` when this machine's CA certificates cannot be read.
   */
  constructor(options: ClientOptions) {
    const fromEnv = new.target === making
    // Others that the same constructor makes are none of it.
    if (fromEnv) making = undefined
    attendLog()
    this.#handle = made(native.createClient(readClientOptions(options), fromEnv))
  }

  /**
   * A client of `SMILEID_PARTNER_ID`, `SMILEID_API_KEY`, and `SMILEID_ENVIRONMENT` or `SMILEID_BASE_URL`; options given
   * here win.
   * @throws {@link InvalidArgumentError} naming what is missing, unknown or outside of its limits; `FileError` when
   * this machine's CA certificates cannot be read.
   */
  static fromEnv<Self extends Client>(
    this: new (options: ClientOptions) => Self,
    overrides: Partial<ClientOptions> = NONE,
  ): Self {
    const outer = making
    making = this
    try {
      return new this(overrides as ClientOptions)
    } finally {
      making = outer
    }
  }

  /**
   * Asks once how a job stands.
   * @param userId - the user's id as submitted: 1 to 256 bytes of UTF-8, no control characters
   * @param jobId - the job's id as submitted, within the same limits
   * @returns a promise of the verified status. It rejects with a {@link SmileIDError} (`InvalidArgumentError` before
   * anything is sent), or with the signal's reason.
   */
  async getJobStatus(userId: string, jobId: string, options?: GetJobStatusOptions): Promise<JobStatus> {
    // What waits here has room for all that this function ever needs at once: so little.
    const settled = await this.#get(userId, jobId, options)
    return outcome(settled, userId, jobId)
  }

  #get(userId: string, jobId: string, options?: GetJobStatusOptions): Promise<Settled> {
    if (options === undefined) {
      return endOf(native.getJobStatusPlainly(beginCall(undefined), this.#handle, userId, jobId), undefined)
    }
    const checked = checkGetOptions(options)
    const { returnHistory, returnImageLinks, returnJobStatus, callbackUrl, timeoutMs, signal } = checked
    const aborts = checkSignal(signal)
    const call = native.getJobStatus(
      beginCall(aborts),
      this.#handle,
      userId,
      jobId,
      returnHistory,
      returnImageLinks,
      returnJobStatus,
      callbackUrl,
      timeoutMs,
    )
    return endOf(call, aborts)
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
  async pollJobStatus(userId: string, jobId: string, options?: PollJobStatusOptions): Promise<JobStatus> {
    const settled = await this.#poll(userId, jobId, options)
    return outcome(settled, userId, jobId)
  }

  #poll(userId: string, jobId: string, options: PollJobStatusOptions = NONE): Promise<Settled> {
    const read = readPollOptions(options)
    const signal = checkSignal(read.signal)
    return endOf(native.pollJobStatus(beginCall(signal), this.#handle, userId, jobId, read), signal)
  }

  /**
   * Waits until the job is complete, at most `timeoutMs` (60 s): the first query at once, then with growing, jittered
   * delays, and a last one shortly before the end. Transient failures do not end the wait, permanent ones do.
   * @param userId - the user's id as submitted: 1 to 256 bytes of UTF-8, no control characters
   * @param jobId - the job's id as submitted, within the same limits
   * @returns a promise of the complete status. It rejects with a `JobIncompleteError` when the time or the attempts are
   * used up: it carries `reason`, `lastStatus`, `lastError`, `attempts` and `elapsedMs`; with `PollTokenError` when the
   * token does not fit; with any other {@link SmileIDError} that waiting does not cure; or with the signal's reason.
   */
  async waitUntilComplete(userId: string, jobId: string, options?: WaitUntilCompleteOptions): Promise<JobStatus> {
    // Thousands may sleep here, each with room for all that this function ever needs at once: little, without a default and
    // with one call at a time.
    const settled = await this.#wait(userId, jobId, options)
    return outcome(settled, userId, jobId)
  }

  #wait(userId: string, jobId: string, options: WaitUntilCompleteOptions = NONE): Promise<Settled> {
    const read = readStepOptions(options)
    const signal = checkSignal(read.signal)
    return endOf(native.waitUntilComplete(beginCall(signal), this.#handle, userId, jobId, read), signal)
  }

  /**
   * Waits as {@link waitUntilComplete} does and hands out every answer as it arrives. The time runs from now; the next
   * query is not sent before the last update was taken.
   * @param userId - the user's id as submitted: 1 to 256 bytes of UTF-8, no control characters
   * @param jobId - the job's id as submitted, within the same limits
   * @returns an iterable of updates for one `for await`. It never throws itself: its `next` rejects with what
   * {@link waitUntilComplete} rejects with, `InvalidArgumentError` included, and that ends it.
   */
  watchJobStatus(userId: string, jobId: string, options: WatchJobStatusOptions = NONE): StatusUpdates {
    return new MadeUpdates(this.#handle, userId, jobId, options)
  }

  /**
   * Waits for many jobs and hands out outcomes in the order of completion. Nothing stops the rest when one fails. A job
   * that is waited for already is not asked about twice; both get the outcome.
   * @param jobs - an iterable or async iterable, read only inside `next` and only while fewer than `maxWaiting` wait.
   * Each job is asked about as soon as it is read. An iterable is read for about 1 ms at a time, in between the event loop
   * turns; while outcomes are ready, little time goes into reading
   * @returns an iterable of outcomes for one `for await`. It never throws itself: its `next` rejects with
   * `InvalidArgumentError` for wrong options and for what is no job, with what `jobs` or `onProgress` throws, or with
   * the signal's reason; each of them ends it.
   */
  pollMany(jobs: Iterable<Job> | AsyncIterable<Job>, options: PollManyOptions = NONE): JobOutcomes {
    return new MadeOutcomes(this.#handle, jobs, options)
  }

  /**
   * Makes one attempt of a wait and returns a token for the next one: for task queues, where a wait must not live in a
   * process. The token is at most 128 characters and holds no id, no secret and no answer.
   * @param userId - the user's id as submitted: 1 to 256 bytes of UTF-8, no control characters
   * @param jobId - the job's id as submitted, within the same limits
   * @returns a promise of the complete status, or of when to call again and with which token. It rejects as
   * {@link waitUntilComplete} does.
   */
  async pollStep(userId: string, jobId: string, options: PollStepOptions = NONE): Promise<PollStep> {
    const read = readStepOptions(options)
    const signal = checkSignal(read.signal)
    const settled = await run((bridge) => native.pollStep(bridge, this.#handle, userId, jobId, read), signal)
    return stepFrom(valueFrom(settled))
  }

  /**
   * Makes running waits for this job ask now, for example when a callback came in: `waitUntilComplete`,
   * `watchJobStatus` and `pollMany` of this client. Without one it does nothing. What the server itself asked to wait is
   * still waited for.
   * @throws {@link InvalidArgumentError} when an id is not text.
   */
  notify(userId: string, jobId: string): void {
    const refused = native.notify(this.#handle, userId, jobId)
    if (refused) throw errorFrom(refused)
  }

  /**
   * Downloads every image that a status links to, those of the ID card too: https only, no redirects, nothing of ours
   * sent along, JPEG and PNG by content, at most 16 MiB each and 64 in all. Texts that stand for no link (empty, `N/A`,
   * `Not Available`) are passed over. Ask for the status with `returnImageLinks` first.
   * @returns a promise of the images, in the order of their links. It rejects with `ImageLinkExpiredError`,
   * `ImageRefusedError`, `FileError` or another {@link SmileIDError}, or with the signal's reason; nothing is left on the
   * disk then.
   */
  async downloadImages(status: JobStatus, options: DownloadImagesOptions = NONE): Promise<Image[]> {
    const read = readDownloadOptions(options)
    if (!(status instanceof JobStatus)) {
      throw new InvalidArgumentError('status: expected a JobStatus', { argument: 'status' })
    }
    const hosts = checkHosts(read.allowedHosts)
    const settled = await run(
      (bridge) => native.downloadImages(bridge, this.#handle, handleOf(status), read, hosts),
      checkSignal(read.signal),
    )
    return imagesFrom(valueFrom(settled))
  }

  /**
   * Reads a callback's body and checks its signature and, with `maxAgeMs`, its age. What that proves and what not: see
   * {@link Callback}.
   * @param body - the body as it arrived, text or bytes; an object that was parsed already is refused
   * @throws `InvalidArgumentError`; `InvalidResponseError` when it is not a callback; {@link SignatureError} or
   * `LegacySignatureError` when its signature proves nothing; `CallbackExpiredError` when it is outside of
   * `maxAgeMs` or its age cannot be told; `ResponseTooLargeError`.
   */
  verifyCallback(body: string | Uint8Array, options: VerifyCallbackOptions = NONE): Callback {
    const { maxAgeMs } = checkCallbackOptions(options)
    if (typeof body !== 'string' && !types.isUint8Array(body)) {
      throw new InvalidArgumentError('body: expected text or bytes, as they arrived', { argument: 'body' })
    }
    // A copy in either case: the callback keeps it.
    const raw = Buffer.from(body as Uint8Array)
    return new MadeCallback(made(native.verifyCallback(this.#handle, raw, maxAgeMs)), raw)
  }

  /**
   * Ends running calls with {@link ClientClosedError}, within milliseconds, and refuses new ones. Safe to repeat.
   *
   * A {@link pollMany} still hands out an outcome for every job: those it reads from now on end with that error too, so
   * leave the loop over an endless input.
   */
  close(): void {
    this.#closed = true
    native.closeClient(this.#handle)
  }

  /** Whether {@link close} was called, or the client was disposed. */
  get isClosed(): boolean {
    return this.#closed
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
  if (settled.handle === undefined) return valueFrom<never>(settled)
  return new MadeStatus(settled.handle, settled.flags, settled.code, userId, jobId)
}
