/** Many jobs at once: outcomes in the order of completion, jobs read as there is room. */

import { performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers'

import native = require('./native')
import type { ClientHandle, ErrorData, ManyHandle, OutcomeData, StatusHandle } from '../native'
import { attendLog, run, valueFrom } from './bridge'
import { errorFrom, InvalidArgumentError, made, type SmileIDError } from './errors'
import { checkSignal, given, readManyOptions, type PollManyOptions } from './options'
import { printing, seal } from './results'
import { MadeStatus, type JobStatus } from './status'
import { Stream, type Source } from './stream'

/** A job to wait for. */
export interface Job {
  readonly userId: string
  readonly jobId: string
}

/** How one of many jobs ended: its ids, and a complete status or an error. The ids are not printed. */
export type JobOutcome =
  | { readonly userId: string; readonly jobId: string; readonly status: JobStatus; readonly error?: undefined }
  | { readonly userId: string; readonly jobId: string; readonly status?: undefined; readonly error: SmileIDError }

/** How far a `pollMany` has come. */
export interface ManyProgress {
  /** Outcomes handed out that hold a complete status. */
  readonly complete: number
  /** Outcomes handed out that hold an error. */
  readonly failed: number
  /** Jobs admitted whose outcome was not handed out yet. */
  readonly waiting: number
}

type Jobs = Iterable<Job> | AsyncIterable<Job>
type Input = { readonly at: Iterator<Job>; readonly waits: false } | { readonly at: AsyncIterator<Job>; readonly waits: true }

/**
 * How long a synchronous input may keep this thread for its jobs, in milliseconds, before an outcome is looked for and the
 * event loop has its turn.
 */
const LOOK_MS = 1
/** How many jobs of one that takes no time are read until then: to add them takes about as long. */
const MOST_READ = 256
/**
 * How many times as long as jobs were read they are not read again while an outcome is ready, which would wait for an
 * input that blocks.
 */
const PAUSE = 10
/** How often something may be ready before the event loop has its turn: promises alone never let it. */
const MOST_READY = 64
const NOTHING: ManyProgress = Object.freeze({ complete: 0, failed: 0, waiting: 0 })

/** The outcomes of many jobs, in the order of completion. */
export class JobOutcomes extends Stream<JobOutcome> {
  readonly #reader: Reader | undefined

  private constructor(client: ClientHandle, jobs: Jobs, options: PollManyOptions) {
    let reader: Reader | undefined
    super(() => (reader = new Reader(client, jobs, options)))
    this.#reader = reader
  }

  /** How far it has come. */
  get progress(): ManyProgress {
    return this.#reader?.progress ?? NOTHING
  }
}

/** The class with its constructor, as `MadeStatus` is for a status. @internal */
export const MadeOutcomes = JobOutcomes as unknown as new (
  ...parts: [client: ClientHandle, jobs: Jobs, options: PollManyOptions]
) => JobOutcomes

/** Reads the caller's jobs while there is room, and takes outcomes. */
class Reader implements Source<JobOutcome> {
  readonly signal: AbortSignal | undefined
  readonly #many: ManyHandle
  readonly #onProgress: PollManyOptions['onProgress']
  #jobs: Jobs | undefined
  #input: Input | undefined
  /** What is under way beyond one `take`: a read of an async input, and the wait for an outcome. */
  #reading = false
  #asking = false
  #taken: OutcomeData | null | undefined
  #failure: { readonly error: unknown } | undefined
  /** How often something was ready since the event loop had its turn. */
  #ready = 0
  /** When jobs are read again although an outcome is ready. */
  #readsAt = 0
  #dropped = false
  /** Ends what `take` waits for now. Not a race of promises: one that lives long keeps something of every race. */
  #wake: () => void = () => {}

  constructor(client: ClientHandle, jobs: Jobs, options: PollManyOptions) {
    const read = readManyOptions(options)
    const { signal, onProgress } = read
    this.signal = checkSignal(signal)
    if (onProgress !== undefined && onProgress !== null && typeof onProgress !== 'function') {
      throw new InvalidArgumentError('onProgress: expected a function', { argument: 'on_progress' })
    }
    this.#onProgress = onProgress
    if (typeof jobs !== 'object' || jobs === null || !(Symbol.iterator in jobs || Symbol.asyncIterator in jobs)) {
      const expected = 'jobs: expected an iterable or async iterable of objects with userId and jobId'
      throw new InvalidArgumentError(expected, { argument: 'jobs' })
    }
    this.#jobs = jobs
    this.#many = made(native.pollMany(client, read))
  }

  get progress(): ManyProgress {
    return native.manyProgress(this.#many)
  }

  async take(): Promise<JobOutcome | undefined> {
    while (!this.#dropped) {
      if (++this.#ready > MOST_READY) {
        await new Promise<void>((resolve) => setImmediate(resolve))
        this.#ready = 0
        continue
      }
      const taken = this.#taken
      this.#taken = undefined
      // Handed out before its room is filled again.
      if (taken) return this.#handOut(taken)
      // Without a trip over the runtime, where an outcome is there already.
      let ready = performance.now() < this.#readsAt ? native.manyTryTake(this.#many) : null
      let hasMore = false
      if (!ready) {
        hasMore = this.#failure === undefined && this.#read()
        if (this.#failure !== undefined) throw this.#failure.error
        ready = native.manyTryTake(this.#many)
      }
      if (ready) return this.#handOut(ready)
      if (taken === null && this.#input === undefined) return undefined
      if (!hasMore) await this.#change()
    }
    return undefined
  }

  drop(): void {
    this.#dropped = true
    this.#wake()
    native.closeMany(this.#many)
  }

  async release(): Promise<void> {
    const input = this.#input
    this.#jobs = this.#input = undefined
    const released = input?.at.return?.()
    // An input that is busy may never come back.
    if (!this.#reading) await released
    else Promise.resolve(released).catch(() => {})
  }

  #handOut(data: OutcomeData): JobOutcome {
    this.#onProgress?.(this.progress)
    return outcomeFrom(data)
  }

  /** Waits until there is an outcome, until an async input has answered, or until it is dropped. */
  #change(): Promise<void> {
    if (!this.#asking && (!this.#reading || this.progress.waiting > 0)) void this.#ask()
    return new Promise((resolve) => (this.#wake = resolve))
  }

  async #ask(): Promise<void> {
    this.#asking = true
    try {
      this.#taken = valueFrom<OutcomeData | null>(await run((bridge) => native.manyTake(bridge, this.#many)))
    } catch (error) {
      this.#failure = { error }
    }
    this.#asking = false
    this.#ready = 0
    this.#wake()
  }

  /** Reads jobs where there is room; true if there may be more to read at once. */
  #read(): boolean {
    if (this.#jobs !== undefined) {
      const jobs = this.#jobs
      this.#jobs = undefined
      attendLog()
      this.#input =
        Symbol.asyncIterator in jobs
          ? { at: jobs[Symbol.asyncIterator](), waits: true }
          : { at: jobs[Symbol.iterator](), waits: false }
    }
    const input = this.#input
    if (input === undefined) return false
    if (!input.waits) return this.#readSome(input.at)
    if (!this.#reading && native.manyRoom(this.#many) > 0) void this.#readOne(input.at)
    return false
  }

  #readSome(input: Iterator<Job>): boolean {
    let room = native.manyRoom(this.#many)
    const began = performance.now()
    let took = 0
    for (let left = MOST_READ; room > 0 && left > 0 && took <= LOOK_MS; left--) {
      // What throws is over too, and is not asked to return.
      let over = true
      try {
        const asked = performance.now()
        const { done, value } = input.next()
        took += performance.now() - asked
        over = Boolean(done)
        if (!over) room = this.#add(value)
      } finally {
        if (over) this.#input = undefined
      }
      if (over) return false
    }
    const now = performance.now()
    this.#readsAt = now + PAUSE * (now - began)
    // The loop has its turn.
    if (room > 0) this.#ready = MOST_READY
    return room > 0
  }

  async #readOne(input: AsyncIterator<Job>): Promise<void> {
    this.#reading = true
    let over = true
    try {
      const { done, value } = await input.next()
      over = Boolean(done)
      if (!over && !this.#dropped) this.#add(value)
    } catch (error) {
      this.#failure = { error }
    }
    if (over) this.#input = undefined
    this.#reading = false
    this.#wake()
  }

  /** Adds a job and tells how much room is left. What is no job has no ids, for which the native side refuses it. */
  #add(job: Job | null | undefined): number {
    const isNone = job === null || job === undefined
    const room = native.manyAdd(this.#many, isNone ? job : given(job, 'userId'), isNone ? job : given(job, 'jobId'))
    if (typeof room === 'object') throw errorFrom(room)
    return room
  }
}

const AS_FAILED = printing('JobOutcome', ({ error }: { error: unknown }) => ({ error }))
const AS_ENDED = printing('JobOutcome', ({ status }: { status: JobStatus }) => ({ status }))

function outcomeFrom(data: OutcomeData): JobOutcome {
  const { userId, jobId, handle, flags, code, error } = data
  // Its own: see `made`.
  if (!Object.hasOwn(data, 'handle')) {
    const failed = { userId, jobId, error: errorFrom(error as ErrorData) }
    return seal(failed, AS_FAILED)
  }
  const ended = { userId, jobId, status: new MadeStatus(handle as StatusHandle, flags, code ?? null, userId, jobId) }
  return seal(ended, AS_ENDED)
}
