/**
 * Calls in flight. Native threads never enter JavaScript: what they finish comes here in batches, on this thread, and
 * keeps the process alive only while a call is running.
 */

import native = require('./native')
import type { BridgeHandle, ErrorData, StatusHandle } from '../native'
import { onAbort } from './signals'

/** How a call ended. */
export type Settled =
  | { readonly flags: number; readonly handle: StatusHandle; readonly code: string | null }
  | { readonly value: unknown }
  | { readonly error: ErrorData }

const running = new Map<number, (settled: Settled) => void>()
let bridge: BridgeHandle | undefined

function settle(batch: unknown[]): void {
  for (let at = 0; at < batch.length; at += 4) {
    const call = batch[at] as number
    const settleCall = running.get(call)
    // A call that was aborted is not waited for any more.
    if (settleCall === undefined) continue
    running.delete(call)
    const flags = batch[at + 1] as number
    if (flags === -2) settleCall({ value: batch[at + 2] })
    else if (flags < 0) settleCall({ error: batch[at + 2] as ErrorData })
    else settleCall({ flags, handle: batch[at + 2] as StatusHandle, code: batch[at + 3] as string | null })
  }
}

/**
 * Starts a native call and waits for its end. Rejects only with the signal's reason; the request is dropped at that
 * moment. An aborted signal starts nothing.
 */
export function run(start: (bridge: BridgeHandle) => number, signal?: AbortSignal): Promise<Settled> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const own = (bridge ??= native.createBridge(settle))
    const call = start(own)
    if (signal === undefined) {
      running.set(call, resolve)
      return
    }
    const forget = onAbort(signal, () => {
      running.delete(call)
      native.cancel(own, call)
      reject(signal.reason as Error)
    })
    running.set(call, (settled) => {
      forget()
      resolve(settled)
    })
  })
}
