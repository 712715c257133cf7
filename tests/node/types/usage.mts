// Compiled, never run: what TypeScript programs may and may not write. Also compiled as CommonJS.

import {
  APIError,
  Client,
  InvalidArgumentError,
  JobStatus,
  RateLimitError,
  RequestTimeoutError,
  Signature,
  SmileIDError,
  type ClientOptions,
  type IdResponse,
  type JobResult,
  type JobStatusData,
  type Phase,
} from 'smileid-jobs'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(equal: Same<A, B>): void => void equal

const options: ClientOptions = { partnerId: '001', apiKey: 'key', environment: 'sandbox' }

export async function polls(signal: AbortSignal): Promise<JobResult | null> {
  const client = new Client({ ...options, requestTimeoutMs: 1000, maxRetries: 0, caBundle: undefined })
  const once = await client.getJobStatus('user', 'job', { signal: AbortSignal.timeout(5), timeoutMs: null })
  const status = await client.pollJobStatus('user', 'job', { retryCount: 5, initialDelayMs: 10, returnHistory: true, signal })
  same<typeof once, JobStatus>(true)
  same<typeof status.jobSuccess, boolean | null>(true)
  same<typeof status.raw, Buffer>(true)
  const data: JobStatusData = status.toJSON()
  const person: IdResponse | null | undefined = status.result?.idResponse
  const name: string | null = person?.fullName ?? null
  for (const { resultCode } of status.history) same<typeof resultCode, string | null>(true)
  client.close()
  return name === null ? data.result : null
}

export function explains(error: unknown): string | undefined {
  if (error instanceof RequestTimeoutError) {
    same<typeof error.code, 'SMILEID_TIMEOUT'>(true)
    same<typeof error.number, 2003>(true)
    const phase: Phase | undefined = error.phase
    return phase
  }
  if (error instanceof RateLimitError) return `${error.retryAfterMs ?? 0}`
  if (error instanceof APIError) return error.apiCode
  if (error instanceof InvalidArgumentError) return error.argument
  if (error instanceof SmileIDError) return error.lastStatus?.code ?? error.lastError?.message ?? error.raw?.toString()
  return undefined
}

export async function disposes(): Promise<void> {
  await using client = Client.fromEnv({ maxConnections: 2 })
  using other = Client.fromEnv()
  await client.getJobStatus('user', 'job')
  other.close()
}

export const pair = new Signature('001', 'key').generateSignature()
same<typeof pair, { timestamp: string; signature: string }>(true)
export const confirmed: boolean = new Signature('001', 'key').confirmSignature(pair.timestamp, pair.signature)

export function refused(client: Client, status: JobStatus): void {
  // @ts-expect-error the partner is required
  new Client({ apiKey: 'key', environment: 'sandbox' })
  // @ts-expect-error no such environment
  new Client({ ...options, environment: 'staging' })
  // @ts-expect-error no such option
  new Client({ ...options, timeout: 5 })
  // @ts-expect-error a count of a poll
  void client.getJobStatus('user', 'job', { retryCount: 1 })
  // @ts-expect-error not accepted yet
  void client.getJobStatus('user', 'job', { returnJobStatus: true })
  // @ts-expect-error delays have a limit
  void client.pollJobStatus('user', 'job', { initialDelayMs: null })
  // @ts-expect-error ids are text
  void client.getJobStatus(5, 'job')
  // @ts-expect-error read only
  status.jobComplete = true
  // @ts-expect-error read only
  status.history.push(status.history[0]!)
  // @ts-expect-error there may be no result
  status.result.resultCode
  // @ts-expect-error statuses come from clients
  new JobStatus('text')
  // @ts-expect-error an abstract class
  new SmileIDError('text')
}
