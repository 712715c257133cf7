/** Many jobs at once: outcomes in the order of completion, jobs read as there is room. */

import { setImmediate } from 'node:timers'

import native = require('./native')
import type { ClientHandle, ErrorData, ManyHandle, OutcomeData } from '../native'
import { run, valueFrom } from './bridge'
import { errorFrom, InvalidArgumentError, type SmileIDError } from './errors'
import { checkSignal, readManyOptions, type PollManyOptions } from './options'
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

/** How many jobs cross to the native side at a time. */
const CHUNK = 256
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
    const { ok, err } = native.pollMany(client, read)
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
      if (this.#failure === undefined) this.#read()
      if (this.#failure !== undefined) throw this.#failure.error
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
      if (!this.#reading && native.manyRoom(this.#many) > 0) void this.#readOne(input.at)
    } else if (input !== undefined) {
      this.#readAll(input.at)
    }
  }

  #readAll(input: Iterator<Job>): void {
    for (let room = native.manyRoom(this.#many); room > 0; room = native.manyRoom(this.#many)) {
      const ids: unknown[] = []
      let goesOn = true
      for (let left = Math.min(room, CHUNK); left > 0 && goesOn; left--) {
        // What throws is over too, and is not asked to return.
        let over = true
        try {
          const { done, value } = input.next()
          over = Boolean(done)
          goesOn = !over && collect(value, ids)
        } finally {
          if (over) this.#input = undefined
        }
      }
      this.#add(ids)
      if (this.#input === undefined) return
    }
  }

  async #readOne(input: AsyncIterator<Job>): Promise<void> {
    this.#reading = true
    let over = true
    try {
      const { done, value } = await input.next()
      over = Boolean(done)
      const ids: unknown[] = []
      if (!over) collect(value, ids)
      if (!this.#dropped) this.#add(ids)
    } catch (error) {
      this.#failure = { error }
    }
    if (over) this.#input = undefined
    this.#reading = false
    this.#wake()
  }

  #add(ids: unknown[]): void {
    const refused = ids.length === 0 ? null : native.manyAdd(this.#many, ids)
    if (refused) throw errorFrom(refused)
  }
}

/** Adds a job's ids; false if it is none, for which the native side will refuse it. */
function collect(job: Job | null | undefined, ids: unknown[]): boolean {
  const [userId, jobId] = [job?.userId, job?.jobId]
  ids.push(userId, jobId)
  return typeof userId === 'string' && typeof jobId === 'string'
}

const AS_FAILED = printing('JobOutcome', ({ error }: { error: unknown }) => ({ error }))
const AS_ENDED = printing('JobOutcome', ({ status }: { status: JobStatus }) => ({ status }))

function outcomeFrom({ userId, jobId, handle, flags, code, error }: OutcomeData): JobOutcome {
  if (handle === undefined) {
    const failed = { userId, jobId, error: errorFrom(error as ErrorData) }
    return seal(failed, AS_FAILED)
  }
  const ended = { userId, jobId, status: new MadeStatus(handle, flags, code ?? null, userId, jobId) }
  return seal(ended, AS_ENDED)
}
