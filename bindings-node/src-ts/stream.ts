/** What the streaming verbs have in common: an async iterator that owns its requests. */

import { inspect } from 'node:util'

import { onAbort, throwIfAborted } from './signals'

/** Where items come from. */
export interface Source<Item> {
  readonly signal: AbortSignal | undefined
  /** Waits for an item; none after the last one and after `drop`. */
  take(): Promise<Item | undefined>
  /** Drops the requests; what waits in `take` ends. May be called again. */
  drop(): void
  /** Lets go of the caller's input. Called once. */
  release?(): Promise<void>
}

const DONE = Object.freeze({ done: true, value: undefined })

/**
 * An async iterator for one `for await`. Leaving the loop, `return()`, an error and an abort of its signal drop its
 * requests, within milliseconds, and take its listener off the signal. Whoever calls `next` by hand and stops early calls
 * `return()`. Between two calls of `next` it does not keep the process alive. For the thread that made it.
 */
export class Stream<Item> implements AsyncIterableIterator<Item> {
  /** `await using updates = …` ends it with the block. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>
  #source: Source<Item> | undefined
  #refusal: { readonly error: unknown } | undefined
  #forget: (() => void) | undefined
  #turn: Promise<unknown> = Promise.resolve()

  /** @internal */
  constructor(open: () => Source<Item>) {
    try {
      this.#source = open()
    } catch (error) {
      this.#refusal = { error }
    }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Waits for the next item. Calls that overlap are answered one after another. */
  next(): Promise<IteratorResult<Item, undefined>> {
    const result = this.#turn.then(() => this.#advance())
    this.#turn = result.catch(() => {})
    return result
  }

  /** Ends it and drops its requests, also while a `next` waits: that one is told that it is over. Safe to repeat. */
  async return(): Promise<IteratorResult<Item, undefined>> {
    await this.#end()
    return DONE
  }

  async #advance(): Promise<IteratorResult<Item, undefined>> {
    const source = this.#source
    if (source === undefined) {
      const refusal = this.#refusal
      this.#refusal = undefined
      if (refusal !== undefined) throw refusal.error
      return DONE
    }
    const { signal } = source
    try {
      if (signal !== undefined) {
        throwIfAborted(signal)
        this.#forget ??= onAbort(signal, () => source.drop())
      }
      const value = await source.take()
      // Ended by somebody else meanwhile.
      if (this.#source !== source) return DONE
      // An abort ends the source first: it must not look like a good end.
      if (signal !== undefined) throwIfAborted(signal)
      if (value !== undefined) return { done: false, value }
    } catch (error) {
      await this.#end().catch(() => {})
      throw error
    }
    await this.#end()
    return DONE
  }

  async #end(): Promise<void> {
    const source = this.#source
    this.#source = this.#refusal = undefined
    // First of all: a signal of another kind may throw.
    source?.drop()
    this.#forget?.()
    await source?.release?.()
  }

  /** @internal */
  [inspect.custom](): string {
    return `${this.constructor.name} {}`
  }
}

// As with clients: the earliest releases of Node 20 lack the symbol.
if (typeof Symbol.asyncDispose === 'symbol') {
  const value = async function (this: Stream<unknown>): Promise<void> {
    await this.return()
  }
  Object.defineProperty(Stream.prototype, Symbol.asyncDispose, { value, configurable: true, writable: true })
}
