/** One attempt a call, for task queues: the wait lives in a token and not in a process. */

import type { StatusData, StepData } from '../native'
import { statusFrom, type JobStatus } from './status'

/** What one step came to: the complete status, or when to call again and with which token. */
export type PollStep =
  | { readonly finished: true; readonly status: JobStatus }
  | {
      readonly finished: false
      /** How long to wait, in milliseconds. */
      readonly afterMs: number
      /** At most 128 characters of base64url; no id, no secret and no answer in it. */
      readonly token: string
    }

/** Makes the step that native data tells of. */
export function stepFrom(data: StepData): PollStep {
  const { status, afterMs, token } = data
  // Its own: see `made`.
  if (Object.hasOwn(data, 'status')) return { finished: true, status: statusFrom(status as StatusData) }
  return { finished: false, afterMs: afterMs as number, token: token as string }
}
