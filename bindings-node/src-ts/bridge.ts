/**
 * Calls in flight. Native threads never enter JavaScript: what is finished comes here in batches, on this thread, and
 * keeps the process alive only while a call is running.
 */

import native = require('./native')
import type { BridgeHandle, ErrorData, StatusHandle } from '../native'
import { errorFrom } from './errors'
import { attend, publish } from './log'
import { onAbort, reasonOf, throwIfAborted } from './signals'

/** How a call ended. Told apart by own properties: others may stand on every object. */
export type Settled =
  | { readonly flags: number; readonly handle: StatusHandle; readonly code: string | null }
  | { readonly handle: undefined; readonly error: ErrorData | undefined; readonly value: unknown }

/** What stands where flags do, for an error and for a value that is no status. */
const FAILED = -1
const VALUE = -2

/** Other hosts of native modules may have functions of its names that do not work. */
const HAS_LIBUV = process.release.name === 'node' && !('bun' in process.versions) && !('deno' in process.versions)

const IDLE = (): void => {}

/** By numbers that are used again, from 1: an array is a third of a map. */
const running: ((settled: Settled) => void)[] = [IDLE]
let bridge: BridgeHandle | undefined

/** Codes that came in numbers, which are few. */
const codes = new Map<number, string>()

function codeOf(number: number): string {
  let code = codes.get(number)
  if (code === undefined) codes.set(number, (code = String(number).padStart(4, '0')))
  return code
}

function settle(...all: unknown[]): void {
  const batch = all.length === 1 ? (all[0] as unknown[]) : all
  // All of them before anybody hears of anything: who does may start a call, whose number may have become free with this
  // batch. Whoever waits for one of these goes on after that.
  for (let at = 0; at < batch.length; at += 4) {
    const call = batch[at] as number
    if (call === 0) continue
    // None, if the native function threw after its start: then nobody was told the number.
    batch[at] = running[call] ?? IDLE
    running[call] = IDLE
  }
  for (let at = 0; at < batch.length; at += 4) {
    if (batch[at] === 0) continue
    const settleCall = batch[at] as (settled: Settled) => void
    const flags = batch[at + 1] as number
    if (flags === FAILED) settleCall({ handle: undefined, error: batch[at + 2] as ErrorData, value: undefined })
    else if (flags === VALUE) settleCall({ handle: undefined, error: undefined, value: batch[at + 2] })
    else {
      const code = flags >> 4 === 0 ? (batch[at + 3] as string | null) : codeOf((flags >> 4) - 1)
      settleCall({ flags: flags & 15, handle: batch[at + 2] as StatusHandle, code })
    }
  }
  for (let at = 0; batch[at] === 0; at += 4) {
    publish(batch[at + 1] as number, batch[at + 2] as string, batch[at + 3] as object)
  }
}

/** This environment's bridge, with the log's wish passed on. */
function own(): BridgeHandle {
  const handle = (bridge ??= native.createBridge(settle, HAS_LIBUV))
  attend(handle)
  return handle
}

/** Lets what happens before the first call be logged too. */
export function attendLog(): void {
  if (bridge !== undefined || attend()) own()
}

/**
 * Starts a native call and waits for its end. Rejects only with the signal's reason; the request is dropped at that
 * moment. An aborted signal starts nothing.
 */
export function run(start: (bridge: BridgeHandle) => number, signal?: AbortSignal): Promise<Settled> {
  return new Promise((resolve, reject) => {
    expect(start(beginCall(signal)), signal, resolve, reject)
  })
}

/** The bridge for a native call that is about to start; throws an aborted signal's reason. */
export function beginCall(signal: AbortSignal | undefined): BridgeHandle {
  if (signal !== undefined) throwIfAborted(signal)
  return own()
}

/** Waits for the end of a native call that was just started, as `run` does. */
export function endOf(call: number, signal: AbortSignal | undefined): Promise<Settled> {
  return new Promise((resolve, reject) => {
    expect(call, signal, resolve, reject)
  })
}

function expect(
  call: number,
  signal: AbortSignal | undefined,
  resolve: (settled: Settled) => void,
  reject: (reason: Error) => void,
): void {
  if (signal === undefined) {
    running[call] = resolve
    return
  }
  let forget: () => void
  try {
    forget = onAbort(signal, () => {
      giveUp(call)
      reject(reasonOf(signal))
    })
  } catch (error) {
    giveUp(call)
    throw error
  }
  running[call] = (settled) => {
    try {
      forget()
      resolve(settled)
    } catch (error) {
      // The signal's own, and this call's alone: the others of a batch are settled too.
      reject(error as Error)
    }
  }
}

function giveUp(call: number): void {
  running[call] = IDLE
  native.cancel(own(), call)
}

/** What a call ended with, where that is no status. Called where the caller's `await` is, so that a stack leads there. */
export function valueFrom<Value>(settled: Settled): Value {
  const { error, value } = settled as Extract<Settled, { handle: undefined }>
  if (error !== undefined) throw errorFrom(error)
  return value as Value
}
