/** What the waiting verbs hand out: steps, updates, outcomes of many jobs, images. */

import { inspect, type InspectOptions } from 'node:util'

import type { ImageData, JobData, UpdateData } from '../native'
import { errorFrom, type SmileIDError } from './errors'
import { statusFrom, type JobStatus } from './status'

/** One answer about a watched job, handed out when it arrives. */
export interface StatusUpdate {
  /** The attempt that brought it, counted from 1. */
  readonly attempt: number
  /** The time since the watch began, in milliseconds. */
  readonly elapsedMs: number
  /** The status; complete in the last update, unless the watch runs out of time. */
  readonly status: JobStatus
  /** Whether it differs from the update before, beyond its timestamp, signature and freshly signed links. */
  readonly changed: boolean
  /** How long until the next query, in milliseconds; null in the last update. */
  readonly nextDelayMs: number | null
}

/** What one step of a wait came to: a status, or when to make the next step and with which token. */
export type PollStep =
  | { readonly finished: true; readonly status: JobStatus }
  | {
      readonly finished: false
      /** How long to wait before the next step, in milliseconds. */
      readonly afterMs: number
      /** For the next step: at most 128 characters of base64url, with no id, no secret and no answer in it. */
      readonly token: string
    }

/** How far a `pollMany` has come. */
export interface ManyProgress {
  /** Outcomes handed out that hold a complete status. */
  readonly complete: number
  /** Outcomes handed out that hold an error. */
  readonly failed: number
  /** Jobs admitted whose outcome was not handed out yet. */
  readonly waiting: number
}

/** How one of many jobs ended: a status or an error. Its ids are not printed. */
export class JobOutcome {
  /** The complete status. */
  readonly status: JobStatus | undefined
  /** Why there is none. */
  readonly error: SmileIDError | undefined
  readonly #userId: string
  readonly #jobId: string

  /** @internal */
  constructor({ userId, jobId, status, error }: JobData) {
    this.status = status && statusFrom(status)
    this.error = error && errorFrom(error)
    this.#userId = userId
    this.#jobId = jobId
    Object.freeze(this)
  }

  /** The user asked about. */
  get userId(): string {
    return this.#userId
  }

  /** The job asked about. */
  get jobId(): string {
    return this.#jobId
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `JobOutcome ${inspect(this.status ?? this.error, options)}`
  }
}

/** One downloaded image. Its content and its path are not printed. */
export class Image {
  /** The link's key, such as `selfie_image`. */
  readonly key: string
  /** `image/jpeg` or `image/png`, told by the content. */
  readonly contentType: string
  readonly #data: Buffer | null
  readonly #file: string | null

  /** @internal */
  constructor({ key, contentType, data, file }: ImageData) {
    this.key = key
    this.contentType = contentType
    this.#data = data ?? null
    this.#file = file ?? null
  }

  /** The image; null where it was written to a file. */
  get data(): Buffer | null {
    return this.#data
  }

  /** The file it was written to, if a directory was given. */
  get file(): string | null {
    return this.#file
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Image ${inspect({ contentType: this.contentType }, options)}`
  }
}

/** Makes the update that native data tells of. @internal */
export function updateFrom({ attempt, elapsedMs, status, changed, nextDelayMs }: UpdateData): StatusUpdate {
  return Object.freeze({ attempt, elapsedMs, status: statusFrom(status), changed, nextDelayMs: nextDelayMs ?? null })
}
