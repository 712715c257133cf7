/** Verified callbacks. */

import { inspect, type InspectOptions } from 'node:util'

import { sealImageLinks, sealResult, type ImageLinks, type JobResult, type Wire } from './results'

/** The whole typed view; what `toJSON()` gives. */
export interface CallbackData {
  readonly bodyAuthenticated: false
  readonly userId: string | null
  readonly jobId: string | null
  readonly jobComplete: boolean | null
  readonly jobSuccess: boolean | null
  readonly code: string | null
  readonly message: string | null
  readonly result: JobResult | null
  readonly history: readonly JobResult[]
  readonly imageLinks: ImageLinks | null
  readonly kycReceipt: string | null
  readonly kybReceipt: string | null
  readonly timestamp: string
  readonly signature: string
  readonly extras: Wire
}

/**
 * A callback whose signature was checked. That proves that the sender knows the API key or has seen a signed pair; the
 * scheme cannot prove the content, so `bodyAuthenticated` is always false.
 *
 * Take it as a wake-up: `notify` a running wait, or ask for the status, and believe what that says. Repeated deliveries
 * are harmless then. `console.log` shows codes and flags only.
 */
export class Callback implements CallbackData {
  readonly #view: CallbackData
  readonly #raw: Buffer

  private constructor(json: string, raw: Buffer) {
    this.#view = JSON.parse(json) as CallbackData
    this.#raw = raw
    if (this.#view.result) sealResult(this.#view.result)
    if (this.#view.imageLinks) sealImageLinks(this.#view.imageLinks)
    this.#view.history.forEach(sealResult)
    Object.freeze(this.#view.history)
    Object.freeze(this.#view)
    Object.freeze(this)
  }

  /** Always false: the signature does not cover the body. */
  get bodyAuthenticated(): false {
    return this.#view.bodyAuthenticated
  }

  /** The user it is about, as it says itself. */
  get userId(): string | null {
    return this.#view.userId
  }

  /** The job it is about, as it says itself. */
  get jobId(): string | null {
    return this.#view.jobId
  }

  /** Whether the job is finished, where the callback has that flag. */
  get jobComplete(): boolean | null {
    return this.#view.jobComplete
  }

  /** Whether the finished job succeeded, where the callback has that flag. */
  get jobSuccess(): boolean | null {
    return this.#view.jobSuccess
  }

  /**
   * The code of the status, such as `2302`, where the callback has the shape of one. Not the verdict: that is
   * `result.resultCode`.
   */
  get code(): string | null {
    return this.#view.code
  }

  /** What stands in `result` when it is a text, such as `No zip file received`. */
  get message(): string | null {
    return this.#view.message
  }

  /** The result. */
  get result(): JobResult | null {
    return this.#view.result
  }

  /** The user's results, where the callback has them: see `JobStatus.history`. */
  get history(): readonly JobResult[] {
    return this.#view.history
  }

  /** Links to images. */
  get imageLinks(): ImageLinks | null {
    return this.#view.imageLinks
  }

  /** The link to the KYC receipt. */
  get kycReceipt(): string | null {
    return this.#view.kycReceipt
  }

  /** The link to the KYB receipt. */
  get kybReceipt(): string | null {
    return this.#view.kybReceipt
  }

  /** The text that was signed. */
  get timestamp(): string {
    return this.#view.timestamp
  }

  /** Its signature: while it is fresh, as secret as the key. */
  get signature(): string {
    return this.#view.signature
  }

  /**
   * Keys beside the result that have no property above, or whose value could not be read as that property; ids that
   * stand there are among them. Empty where the callback is a result itself: its `fields` have everything.
   */
  get extras(): Wire {
    return this.#view.extras
  }

  /** The body, byte for byte, as a copy. */
  get raw(): Buffer {
    return Buffer.from(this.#raw)
  }

  /** The whole typed view as one object, without {@link raw}. Holds the signature and personal data. */
  toJSON(): CallbackData {
    return this.#view
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { jobComplete, jobSuccess, code, result } = this
    return `Callback ${inspect({ jobComplete, jobSuccess, code, result }, options)}`
  }
}

/** The class with its constructor, as `MadeStatus` is for a status. @internal */
export const MadeCallback = Callback as unknown as new (json: string, raw: Buffer) => Callback
