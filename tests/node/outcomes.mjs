// Between the harness's snake_case and Node's names.

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
    argument: error.argument ?? null,
    message: error.message,
    phase: error.phase ?? null,
    reason: error.reason ?? null,
    http_status: error.httpStatus ?? null,
    api_code: error.apiCode ?? null,
    retry_after_ms: error.retryAfterMs ?? null,
    attempts: error.attempts ?? null,
    last_status: error.lastStatus === undefined ? null : snakeView(error.lastStatus),
    last_error: error.lastError === undefined ? null : textOf(error.lastError),
  }
}

function textOf(error) {
  return error.code.replace(/^SMILEID_/, '').toLowerCase()
}

/** The harness's arguments as JavaScript passes them, tokens resolved. */
export function camelArguments(args) {
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [camel(name), value?.map?.(job) ?? token(value)]))
}

/** An entry of a list: a job in Node's spelling, or whatever it is. */
function job(entry) {
  return entry?.user_id === undefined ? token(entry) : { userId: entry.user_id, jobId: entry.job_id }
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
