/** Many jobs at once: outcomes in the order of completion, jobs read as there is room. */

import { setImmediate } from 'node:timers'

import native = require('./native')
import type { ClientHandle, ErrorData, ManyHandle, OutcomeData } from '../native'
import { run, valueFrom } from './bridge'
import { errorFrom, InvalidArgumentError, type SmileIDError } from './errors'
import { checkManyOptions, checkSignal, type PollManyOptions } from './options'
import { printing, seal } from './results'
import { JobStatus } from './status'
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

/** How many jobs cross to the native side at a time. */
const CHUNK = 256
/** How often something may be ready before the event loop has its turn: promises alone never let it. */
const MOST_READY = 64
const NOTHING: ManyProgress = Object.freeze({ complete: 0, failed: 0, waiting: 0 })

/** The outcomes of many jobs, in the order of completion. */
export class JobOutcomes extends Stream<JobOutcome> {
  readonly #reader: Reader | undefined

  /** @internal */
  constructor(client: ClientHandle, jobs: Jobs, options: PollManyOptions) {
    let reader: Reader | undefined
    super(() => (reader = new Reader(client, jobs, options)))
    this.#reader = reader
  }

  /** How far it has come. */
  get progress(): ManyProgress {
    return this.#reader?.progress ?? NOTHING
  }
}

/** Reads the caller's jobs while there is room, and takes outcomes. */
class Reader implements Source<JobOutcome> {
  readonly signal: AbortSignal | undefined
  readonly #many: ManyHandle
  readonly #onProgress: PollManyOptions['onProgress']
  #jobs: Jobs | undefined
  #input: Input | undefined
  /** What is under way beyond one `take`: a read of an async input, and the wait for an outcome. */
  #reading: Promise<void> | undefined
  #asking: Promise<void> | undefined
  #taken: OutcomeData | null | undefined
  #failure: { readonly error: unknown } | undefined
  /** How often something was ready since the event loop had its turn. */
  #ready = 0
  #dropped = false
  #stop: () => void = () => {}
  readonly #stopped = new Promise<void>((resolve) => (this.#stop = resolve))

  constructor(client: ClientHandle, jobs: Jobs, options: PollManyOptions) {
    const { signal, onProgress } = checkManyOptions(options)
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
    const { ok, err } = native.pollMany(client, options)
    if (ok === undefined) throw errorFrom(err as ErrorData)
    this.#many = ok
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
      this.#read()
      // Without a trip over the runtime, where an outcome is there already.
      const ready = native.manyTryTake(this.#many)
      if (ready) return this.#handOut(ready)
      if (taken === null && this.#input === undefined) return undefined
      await this.#change()
    }
    return undefined
  }

  drop(): void {
    this.#dropped = true
    this.#stop()
    native.closeMany(this.#many)
  }

  async release(): Promise<void> {
    const input = this.#input
    this.#jobs = this.#input = undefined
    const released = input?.at.return?.()
    // An input that is busy may never come back.
    if (this.#reading === undefined) await released
    else Promise.resolve(released).catch(() => {})
  }

  #handOut(data: OutcomeData): JobOutcome {
    this.#onProgress?.(this.progress)
    return outcomeFrom(data)
  }

  /** Waits until there is an outcome, or until an async input has answered. */
  async #change(): Promise<void> {
    if (this.#reading === undefined) return this.#ask()
    const changes = [this.#reading, this.#stopped]
    if (this.#asking !== undefined || this.progress.waiting > 0) changes.push(this.#ask())
    await Promise.race(changes)
  }

  #ask(): Promise<void> {
    this.#asking ??= run((bridge) => native.manyTake(bridge, this.#many)).then((settled) => {
      this.#asking = undefined
      this.#ready = 0
      try {
        this.#taken = valueFrom<OutcomeData | null>(settled)
      } catch (error) {
        this.#failure = { error }
      }
    })
    return this.#asking
  }

  #read(): void {
    if (this.#jobs !== undefined) {
      const jobs = this.#jobs
      this.#jobs = undefined
      this.#input =
        Symbol.asyncIterator in jobs
          ? { at: jobs[Symbol.asyncIterator](), waits: true }
          : { at: jobs[Symbol.iterator](), waits: false }
    }
    const input = this.#input
    if (input?.waits === true) {
      if (this.#reading === undefined && native.manyRoom(this.#many) > 0) this.#reading = this.#readOne(input.at)
    } else if (input !== undefined) {
      this.#readAll(input.at)
    }
    if (this.#failure !== undefined) throw this.#failure.error
  }

  #readAll(input: Iterator<Job>): void {
    for (let room = native.manyRoom(this.#many); room > 0; room = native.manyRoom(this.#many)) {
      const ids: unknown[] = []
      for (let left = Math.min(room, CHUNK); left > 0 && this.#input !== undefined; left--) {
        try {
          this.#collect(input.next(), ids)
        } catch (error) {
          // What threw is over; nobody asks it to return.
          this.#input = undefined
          throw error
        }
      }
      this.#add(ids)
      if (this.#input === undefined) return
    }
  }

  async #readOne(input: AsyncIterator<Job>): Promise<void> {
    try {
      const ids: unknown[] = []
      this.#collect(await input.next(), ids)
      if (!this.#dropped) this.#add(ids)
    } catch (error) {
      this.#failure = { error }
    }
    this.#reading = undefined
  }

  #collect(read: IteratorResult<Job, unknown>, ids: unknown[]): void {
    if (read.done === true) this.#input = undefined
    else {
      const job = read.value as Job | null | undefined
      ids.push(job?.userId, job?.jobId)
    }
  }

  #add(ids: unknown[]): void {
    const refused = ids.length === 0 ? null : native.manyAdd(this.#many, ids)
    if (refused) throw errorFrom(refused)
  }
}

const AS_FAILED = printing('JobOutcome', ({ error }: { error: unknown }) => ({ error }))
const AS_ENDED = printing('JobOutcome', ({ status }: { status: JobStatus }) => ({ status }))

function outcomeFrom({ userId, jobId, handle, flags, code, error }: OutcomeData): JobOutcome {
  if (handle === undefined) {
    const failed = { userId, jobId, error: errorFrom(error as ErrorData) }
    return seal(failed, AS_FAILED)
  }
  const ended = { userId, jobId, status: new JobStatus(handle, flags, code ?? null, userId, jobId) }
  return seal(ended, AS_ENDED)
}
