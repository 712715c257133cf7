// Between the harness's snake_case and Node's names.

import { basename } from 'node:path'

// Inside of these, keys are Smile ID's own.
const WIRE = new Set(['fields', 'actions', 'extras', 'fullData'])

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())

/** The typed view as every language writes it. */
export function snakeView(value) {
  const data = value?.toJSON?.() ?? value
  if (Array.isArray(data)) return data.map(snakeView)
  if (typeof data !== 'object' || data === null) return data
  return Object.fromEntries(
    Object.entries(data).map(([name, inner]) => [snake(name), WIRE.has(name) ? inner : snakeView(inner)]),
  )
}

/** An error as every language writes it. */
export function errorOutcome(error) {
  return {
    code: textOf(error),
    number: error.number,
    class: error.constructor.name,
    message: error.message,
    argument: error.argument ?? null,
    phase: error.phase ?? null,
    reason: error.reason ?? null,
    is_transient: error.isTransient,
    http_status: error.httpStatus ?? null,
    api_code: error.apiCode ?? null,
    retry_after_ms: error.retryAfterMs ?? null,
    attempts: error.attempts ?? null,
    last_status: error.lastStatus === undefined ? null : snakeView(error.lastStatus),
    last_error: error.lastError === undefined ? null : textOf(error.lastError),
  }
}

export function updateOutcome({ attempt, changed, status, nextDelayMs }) {
  return { attempt, changed, job_complete: status.jobComplete, has_next: nextDelayMs !== null }
}

export function jobOutcome({ jobId, status, error }) {
  return { job_id: jobId, status_complete: status?.jobComplete ?? null, error: error === undefined ? null : textOf(error) }
}

export function imageOutcome({ key, contentType, data, file }) {
  return { key, content_type: contentType, bytes: data?.length ?? null, file: file && basename(file) }
}

function textOf(error) {
  return error.code.replace(/^SMILEID_/, '').toLowerCase()
}

/** The harness's arguments as JavaScript passes them, tokens resolved. */
export function camelArguments(args) {
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [camel(name), argument(name, value)]))
}

/** Of `jobs`, a pair becomes Node's own; anything else is passed as it is. */
function argument(name, value) {
  if (name === 'then') return camelArguments(value)
  if (name !== 'jobs' || !Array.isArray(value)) return token(value)
  return value.map((job) => (job?.job_id === undefined ? token(job) : { userId: job.user_id, jobId: job.job_id }))
}

function token(value) {
  const name = value?.$
  if (name === undefined) return value
  if (name.startsWith('repeat:')) {
    const [, part, count] = name.split(':')
    return part.repeat(Number(count))
  }
  const tokens = {
    null: null,
    no_limit: null,
    text: '2',
    bool: true,
    list: [],
    map: {},
    bytes: Buffer.from('abc'),
    nan: NaN,
    infinity: Infinity,
    bigint: 10n ** 30n,
    nul_byte: 'a\0b',
    lone_surrogate: 'a\ud800b',
  }
  if (!(name in tokens)) throw new Error(`unknown token ${name}`)
  return tokens[name]
}
