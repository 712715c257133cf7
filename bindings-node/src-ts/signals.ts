/**
 * Abort signals. All calls that share a signal share one listener, which is taken off when the last of them ends: a
 * program may hand one signal to a thousand calls without Node's warning about too many listeners.
 */

/** What a call under an aborted signal rejects with. Signals that are older than reasons have none. */
export function reasonOf(signal: AbortSignal): Error {
  try {
    const { reason } = signal
    return (reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason) as Error
  } catch (error) {
    // A signal of another kind may throw in place of a reason. Whoever asks must go on: other calls listen to it too.
    return error as Error
  }
}

/** As a signal's own method of this name, which older ones lack too. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw reasonOf(signal)
}

interface Listening {
  readonly aborts: Set<() => void>
  readonly listener: () => void
}

/** Without a prototype: a listener has more options, which other code may have put on every object. */
const ONCE = Object.freeze(Object.assign(Object.create(null) as object, { once: true }))

const listening = new WeakMap<AbortSignal, Listening>()

/** Calls `abort` once when the signal aborts, unless the function returned is called before. */
export function onAbort(signal: AbortSignal, abort: () => void): () => void {
  const { aborts, listener } = listening.get(signal) ?? listen(signal)
  aborts.add(abort)
  return () => {
    if (aborts.delete(abort) && aborts.size === 0 && listening.delete(signal)) {
      signal.removeEventListener('abort', listener)
    }
  }
}

function listen(signal: AbortSignal): Listening {
  const aborts = new Set<() => void>()
  const listener = (): void => {
    listening.delete(signal)
    for (const abort of aborts) abort()
  }
  signal.addEventListener('abort', listener, ONCE)
  const entry = { aborts, listener }
  listening.set(signal, entry)
  return entry
}
