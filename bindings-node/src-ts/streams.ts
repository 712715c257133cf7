/** What the streaming verbs return: iterators that own their requests. */

import native = require('./native')
import type { JobData, ManyHandle, UpdateData, WatchHandle } from '../native'
import { run } from './bridge'
import { errorFrom, InvalidArgumentError } from './errors'
import { JobOutcome, updateFrom, type ManyProgress, type StatusUpdate } from './waiting'

/** A job to wait for. */
export interface Job {
  readonly userId: string
  readonly jobId: string
}

const OVER: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })

/** What both streams share: an error, an abort, `return()` and leaving the loop end them and drop their requests. */
abstract class Stream<T> implements AsyncIterableIterator<T> {
  readonly #signal: AbortSignal | undefined
  #over = false

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#over) return OVER
    try {
      const value = await this.take(this.#signal)
      if (value !== undefined) return { done: false, value }
    } catch (error) {
      this.end()
      throw error
    }
    this.end()
    return OVER
  }

  /** Ends it and drops its requests; `for await` calls it when the loop is left. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.end()
    return OVER
  }

  protected end(): void {
    this.#over = true
    this.close()
  }

  protected abstract take(signal: AbortSignal | undefined): Promise<T | undefined>

  protected abstract close(): void
}

/** The updates of a watch, one per answer. The next query is not sent before the last update was taken. */
export class StatusUpdates extends Stream<StatusUpdate> {
  readonly #handle: WatchHandle

  /** @internal */
  constructor(handle: WatchHandle, signal: AbortSignal | undefined) {
    super(signal)
    this.#handle = handle
  }

  protected override async take(signal: AbortSignal | undefined): Promise<StatusUpdate | undefined> {
    const settled = await run((bridge) => native.watchNext(bridge, this.#handle), signal)
    if ('error' in settled) throw errorFrom(settled.error)
    const update = 'value' in settled ? (settled.value as UpdateData | null | undefined) : undefined
    return update ? updateFrom(update) : undefined
  }

  protected override close(): void {
    native.watchClose(this.#handle)
  }
}

/** The outcomes of many jobs, in the order of completion. Jobs are read here, as far as there is room. */
export class JobOutcomes extends Stream<JobOutcome> {
  readonly #handle: ManyHandle
  readonly #onProgress: ((progress: ManyProgress) => void) | undefined
  #jobs: Iterator<Job> | AsyncIterator<Job> | undefined

  /** @internal */
  constructor(
    handle: ManyHandle,
    jobs: Iterable<Job> | AsyncIterable<Job>,
    onProgress: ((progress: ManyProgress) => void) | undefined,
    signal: AbortSignal | undefined,
  ) {
    super(signal)
    this.#handle = handle
    this.#onProgress = onProgress
    this.#jobs = iteratorOf(jobs)
  }

  /** How far it has come. */
  get progress(): ManyProgress {
    return native.manyProgress(this.#handle)
  }

  protected override async take(signal: AbortSignal | undefined): Promise<JobOutcome | undefined> {
    signal?.throwIfAborted()
    await this.#read()
    let outcome: JobData | null | undefined = native.manyTryTake(this.#handle)
    if (!outcome) {
      const settled = await run((bridge) => native.manyTake(bridge, this.#handle), signal)
      if ('error' in settled) throw errorFrom(settled.error)
      outcome = 'value' in settled ? (settled.value as JobData | null | undefined) : undefined
    }
    if (!outcome) return undefined
    this.#onProgress?.(this.progress)
    return new JobOutcome(outcome)
  }

  protected override close(): void {
    native.manyClose(this.#handle)
    const jobs = this.#jobs
    this.#jobs = undefined
    // The caller's generator may hold something open. What it does with the news is its own.
    void Promise.resolve(jobs?.return?.()).catch(() => undefined)
  }

  async #read(): Promise<void> {
    while (this.#jobs !== undefined && native.manyHasRoom(this.#handle)) {
      const next = this.#jobs.next()
      const { done, value } = next instanceof Promise ? await next : next
      if (done) {
        this.#jobs = undefined
        return
      }
      const refused = native.manyAdd(this.#handle, ...idsOf(value))
      if (refused) throw errorFrom(refused)
    }
  }
}

function iteratorOf(jobs: Iterable<Job> | AsyncIterable<Job>): Iterator<Job> | AsyncIterator<Job> {
  if (typeof jobs === 'object' && jobs !== null) {
    if (Symbol.asyncIterator in jobs) return jobs[Symbol.asyncIterator]()
    if (Symbol.iterator in jobs) return jobs[Symbol.iterator]()
  }
  throw new InvalidArgumentError('jobs: expected an iterable of { userId, jobId }', { argument: 'jobs' })
}

function idsOf(job: unknown): [unknown, unknown] {
  if (typeof job === 'object' && job !== null && 'userId' in job && 'jobId' in job) return [job.userId, job.jobId]
  throw new InvalidArgumentError('jobs: expected objects with userId and jobId', { argument: 'jobs' })
}
