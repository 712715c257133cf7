/** Watches: every answer about one job. */

import native = require('./native')
import type { ClientHandle, UpdateData } from '../native'
import { run, valueFrom } from './bridge'
import { made } from './errors'
import { checkSignal, readWatchOptions, type WatchJobStatusOptions } from './options'
import { statusFrom, type JobStatus } from './status'
import { Stream } from './stream'

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

/** The updates of a watch, one per answer. The next query is not sent before the last update was taken. */
export class StatusUpdates extends Stream<StatusUpdate> {
  private constructor(client: ClientHandle, userId: string, jobId: string, options: WatchJobStatusOptions) {
    super(() => {
      const read = readWatchOptions(options)
      const signal = checkSignal(read.signal)
      const watch = made(native.watchJobStatus(client, userId, jobId, read))
      return {
        signal,
        take: async () => updateFrom(valueFrom(await run((bridge) => native.watchNext(bridge, watch)))),
        drop: () => native.closeWatch(watch),
      }
    })
  }
}

/** The class with its constructor, as `MadeStatus` is for a status. @internal */
export const MadeUpdates = StatusUpdates as unknown as new (
  ...parts: [client: ClientHandle, userId: string, jobId: string, options: WatchJobStatusOptions]
) => StatusUpdates

function updateFrom(data: UpdateData | null): StatusUpdate | undefined {
  if (data === null) return undefined
  const { attempt, elapsedMs, status, changed, nextDelayMs } = data
  return Object.freeze({ attempt, elapsedMs, status: statusFrom(status), changed, nextDelayMs: nextDelayMs ?? null })
}
