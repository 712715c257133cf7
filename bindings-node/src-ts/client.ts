/** The client and its verbs. */

import { inspect } from 'node:util'

import native = require('./native')
import type { ClientHandle, ErrorData } from '../native'
import { run, type Settled } from './bridge'
import { errorFrom } from './errors'
import {
  checkClientOptions,
  checkGetOptions,
  checkPollOptions,
  checkSignal,
  type ClientOptions,
  type GetJobStatusOptions,
  type PollJobStatusOptions,
} from './options'
import { JobStatus } from './status'

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
    const { returnHistory, returnImageLinks, timeoutMs, signal } = checkGetOptions(options)
    const settled = await run(
      (bridge) =>
        native.getJobStatus(bridge, this.#handle, userId, jobId, returnHistory, returnImageLinks, timeoutMs),
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
    const { returnHistory, returnImageLinks, timeoutMs, signal, retryCount, initialDelayMs, maxDelayMs } =
      checkPollOptions(options)
    const settled = await run(
      (bridge) =>
        native.pollJobStatus(
          bridge,
          this.#handle,
          userId,
          jobId,
          returnHistory,
          returnImageLinks,
          timeoutMs,
          retryCount,
          initialDelayMs,
          maxDelayMs,
        ),
      checkSignal(signal),
    )
    return outcome(settled, userId, jobId)
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
  return new JobStatus(settled.handle, settled.flags, settled.code, userId, jobId)
}
