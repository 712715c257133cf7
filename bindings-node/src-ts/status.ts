/** How a job stands. */

import { inspect, type InspectOptions } from 'node:util'

import native = require('./native')
import type { StatusData, StatusHandle } from '../native'
import { resultFrom, resultsFrom, sealImageLinks, type ImageLinks, type JobResult, type Wire } from './results'

/** How a delivery to `callbackUrl` went. The status is returned whatever happened to it. */
export interface CallbackDelivery {
  /** Whether the receiver answered 2xx. */
  readonly delivered: boolean
  /** How many tries were made: at most 2. */
  readonly attempts: number
  /** The HTTP status of the last try, if it had an answer. */
  readonly httpStatus: number | null
  /** What went wrong with the last try: the text of an error's code without its prefix, such as `timeout`. */
  readonly error: string | null
}

/** The whole typed view; what `toJSON()` gives. */
export interface JobStatusData {
  readonly jobComplete: boolean
  readonly jobSuccess: boolean | null
  readonly code: string | null
  readonly message: string | null
  readonly result: JobResult | null
  readonly history: readonly JobResult[]
  readonly imageLinks: ImageLinks | null
  readonly kycReceipt: string | null
  readonly kybReceipt: string | null
  readonly userId: string
  readonly jobId: string
  readonly timestamp: string
  readonly signature: string
  readonly extras: Wire
  /** Only where a delivery was asked for. */
  readonly callbackDelivery?: CallbackDelivery | null
}

/** What is decoded together: all but the results, which are the most of an answer, and what the flags tell. */
type Rest = Omit<JobStatusData, 'jobComplete' | 'jobSuccess' | 'code' | 'result' | 'history' | 'userId' | 'jobId'>

/** What most statuses have for history. */
const NO_HISTORY: readonly JobResult[] = Object.freeze([])

/** The native half of a status. @internal */
export let handleOf: (status: JobStatus) => StatusHandle

/**
 * How a job stands, as Smile ID answered: verified and read only.
 *
 * Three questions are kept apart: the call worked (there is a `JobStatus`), the job is finished (`jobComplete`), and
 * the verdict (`jobSuccess` and `result`). A rejected person is a result, not an error.
 *
 * The flags cost nothing; everything else is decoded when it is first looked at, and kept. `console.log` shows the
 * flags and the code; `JSON.stringify` and {@link JobStatus.toJSON} give everything, signature and personal data included.
 */
export class JobStatus implements JobStatusData {
  /** Whether the job is finished. Not whether the person was approved. Missing or unreadable counts as false. */
  readonly jobComplete: boolean
  /** Whether the finished job succeeded, as Smile ID says; null where the answer has no such flag. */
  readonly jobSuccess: boolean | null
  /** The code of the status call, such as `2302`. Not the verdict: that is `result.resultCode`. */
  readonly code: string | null
  readonly #handle: StatusHandle
  readonly #userId: string
  readonly #jobId: string
  #result: JobResult | null | undefined
  #history: readonly JobResult[] | undefined
  #rest: Rest | undefined
  #view: JobStatusData | undefined

  static {
    handleOf = (status) => status.#handle
  }

  private constructor(handle: StatusHandle, flags: number, code: string | null, userId: string, jobId: string) {
    const success = (flags >> 1) & 3
    this.jobComplete = (flags & 1) === 1
    this.jobSuccess = success === 0 ? null : success === 2
    this.code = code
    // Most answers have none, and need not be asked for it.
    if ((flags & 8) === 0) this.#history = NO_HISTORY
    this.#handle = handle
    this.#userId = userId
    this.#jobId = jobId
    Object.freeze(this)
  }

  /** The user that was asked about. */
  get userId(): string {
    return this.#userId
  }

  /** The job that was asked about. */
  get jobId(): string {
    return this.#jobId
  }

  /** What stands in `result` when it is a text, such as `No zip file received`. */
  get message(): string | null {
    return this.#others().message
  }

  /** The job's result; null when it is missing, null, empty or a text. */
  get result(): JobResult | null {
    if (this.#result === undefined) {
      this.#result = resultFrom(native.statusResult(this.#handle))
    }
    return this.#result
  }

  /**
   * The user's results, in the order received: as seen so far the newest first, the present one included. Empty unless
   * asked for with `returnHistory`.
   */
  get history(): readonly JobResult[] {
    if (this.#history === undefined) {
      this.#history = Object.freeze(resultsFrom(native.statusHistory(this.#handle)))
    }
    return this.#history
  }

  /** Links to images: those asked for with `returnImageLinks`, else those in a document job's result. */
  get imageLinks(): ImageLinks | null {
    return this.#others().imageLinks
  }

  /** The link to the KYC receipt (a PDF behind the portal's login). */
  get kycReceipt(): string | null {
    return this.#others().kycReceipt
  }

  /** The link to the KYB receipt. */
  get kybReceipt(): string | null {
    return this.#others().kybReceipt
  }

  /** The text that the server signed; a JSON number stands by its digits. */
  get timestamp(): string {
    return this.#others().timestamp
  }

  /** The server's signature of the timestamp. With it, it can sign requests while it is fresh: keep it secret. */
  get signature(): string {
    return this.#others().signature
  }

  /** Keys of the answer that have no property above, or whose value could not be read as that property. */
  get extras(): Wire {
    return this.#others().extras
  }

  /** How the delivery to `callbackUrl` went; null where none was asked for or the job is not complete. */
  get callbackDelivery(): CallbackDelivery | null {
    return this.#others().callbackDelivery ?? null
  }

  /** The body after content decoding, byte for byte, as a copy. Holds the signature and personal data. */
  get raw(): Buffer {
    return native.statusRaw(this.#handle)
  }

  /**
   * Whether `other` is a status of the same user and job with the same body, byte for byte; false for anything else. For
   * comparing and copying by own properties, as `assert.deepStrictEqual`, Jest's `toEqual`, `structuredClone` and
   * `postMessage` do, a status is its two flags and the code: give them {@link toJSON}'s object instead.
   */
  equals(other: unknown): boolean {
    if (this === other) return true
    return typeof other === 'object' && other !== null && #handle in other && native.statusEquals(this.#handle, other.#handle)
  }

  /** The whole typed view as one object, without {@link raw}. Holds the signature and personal data. */
  toJSON(): JobStatusData {
    if (this.#view === undefined) {
      const { jobComplete, jobSuccess, code, userId, jobId, result, history } = this
      const { message, imageLinks, kycReceipt, kybReceipt, timestamp, signature, extras, ...delivery } = this.#others()
      this.#view = Object.freeze({
        ...{ jobComplete, jobSuccess, code, message, result, history, imageLinks, kycReceipt, kybReceipt },
        ...{ userId, jobId, timestamp, signature, extras, ...delivery },
      })
    }
    return this.#view
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { jobComplete, jobSuccess, code } = this
    return `JobStatus ${inspect({ jobComplete, jobSuccess, code }, options)}`
  }

  #others(): Rest {
    if (this.#rest === undefined) {
      const rest = JSON.parse(native.statusRest(this.#handle)) as Rest
      if (rest.imageLinks) sealImageLinks(rest.imageLinks)
      if (rest.callbackDelivery) Object.freeze(rest.callbackDelivery)
      this.#rest = rest
    }
    return this.#rest
  }
}

/** The same class with its constructor, for those who may call it: users have no way to make one. @internal */
export const MadeStatus = JobStatus as unknown as new (
  ...parts: [handle: StatusHandle, flags: number, code: string | null, userId: string, jobId: string]
) => JobStatus

/** Makes the status that native data tells of. @internal */
export function statusFrom(data: StatusData): JobStatus {
  return new MadeStatus(data.handle, data.flags, data.code ?? null, data.userId, data.jobId)
}
