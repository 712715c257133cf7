// Compiled, never run: what TypeScript programs may and may not write. Also compiled as CommonJS.

import {
  APIError,
  Callback,
  Client,
  InvalidArgumentError,
  JobIncompleteError,
  JobOutcomes,
  JobStatus,
  RateLimitError,
  RequestTimeoutError,
  Signature,
  SmileIDError,
  StatusUpdates,
  VERSION,
  type ClientOptions,
  type IdResponse,
  type Image,
  type IncompleteReason,
  type JobResult,
  type JobStatusData,
  type LogMessage,
  type ManyProgress,
  type Phase,
  type PollStep,
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
  same<ReturnType<typeof status.equals>, boolean>(true)
  const data: JobStatusData = status.toJSON()
  const person: IdResponse | null | undefined = status.result?.idResponse
  const name: string | null = person?.fullName ?? null
  for (const { resultCode } of status.history) same<typeof resultCode, string | null>(true)
  client.close()
  same<typeof client.isClosed, boolean>(true)
  same<typeof VERSION, string>(true)
  return name === null ? data.result : null
}

export async function waits(client: Client, jobs: AsyncIterable<{ userId: string; jobId: string }>): Promise<string | undefined> {
  const status = await client.waitUntilComplete('user', 'job', { retryCount: null, token: null, callbackUrl: 'https://host.example' })
  const delivered: boolean | undefined = status.callbackDelivery?.delivered
  const step: PollStep = await client.pollStep('user', 'job')
  if (!step.finished) same<typeof step.afterMs, number>(true)
  const updates: StatusUpdates = client.watchJobStatus('user', 'job', { returnJobStatus: true })
  for await (const { status, nextDelayMs } of updates) {
    same<typeof status, JobStatus>(true)
    same<typeof nextDelayMs, number | null>(true)
  }
  const onProgress = ({ waiting }: ManyProgress): void => void waiting
  await using outcomes: JobOutcomes = client.pollMany(jobs, { rateLimit: 5.5, burst: 2, maxWaiting: 10, onProgress })
  for await (const outcome of outcomes) {
    if (outcome.error === undefined) same<typeof outcome.status, JobStatus>(true)
    else same<typeof outcome.error, SmileIDError>(true)
  }
  const images: Image[] = await client.downloadImages(status, { allowedHosts: new Set(['host.example']), refresh: true })
  const callback: Callback = client.verifyCallback(new Uint8Array(), { maxAgeMs: 1000 })
  same<typeof callback.message, string | null>(true)
  const others: Record<string, unknown> = callback.toJSON().extras
  client.notify('user', 'job')
  const log = ({ level, delayMs }: LogMessage): string => `${level} ${delayMs ?? ''}`
  return delivered ? log({ level: 'debug', message: `${callback.code}` }) : (images[0]?.file ?? callback.userId ?? `${others['more']}`)
}

export function explains(error: unknown): string | undefined {
  if (error instanceof RequestTimeoutError) {
    same<typeof error.code, 'SMILEID_TIMEOUT'>(true)
    same<typeof error.number, 2003>(true)
    const phase: Phase | undefined = error.phase
    return phase
  }
  if (error instanceof JobIncompleteError) {
    const reason: IncompleteReason | undefined = error.reason
    return reason
  }
  if (error instanceof RateLimitError) return `${error.retryAfterMs ?? 0}`
  if (error instanceof APIError) return error.apiCode
  if (error instanceof InvalidArgumentError) return error.argument
  if (error instanceof SmileIDError) same<typeof error.isTransient, boolean>(true)
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
same<typeof pair, { readonly timestamp: string; readonly signature: string }>(true)
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
  // @ts-expect-error no token for a watch
  client.watchJobStatus('user', 'job', { token: 'text' })
  // @ts-expect-error nothing is relayed for many
  client.pollMany([], { callbackUrl: 'https://host.example' })
  // @ts-expect-error jobs are objects
  client.pollMany([['user', 'job']])
  // @ts-expect-error parsed already
  client.verifyCallback({})
  // @ts-expect-error delays have a limit
  void client.pollJobStatus('user', 'job', { initialDelayMs: null })
  // @ts-expect-error ids are text
  void client.getJobStatus(5, 'job')
  // @ts-expect-error read only
  status.jobComplete = true
  // @ts-expect-error read only
  client.isClosed = true
  // @ts-expect-error read only
  status.history.push(status.history[0]!)
  // @ts-expect-error there may be no result
  status.result.resultCode
  // @ts-expect-error statuses come from clients
  new JobStatus()
  // @ts-expect-error so do callbacks
  new Callback()
  // @ts-expect-error and iterators
  new JobOutcomes()
  // @ts-expect-error and iterators
  new StatusUpdates()
  // @ts-expect-error an abstract class
  new SmileIDError('text')
}
