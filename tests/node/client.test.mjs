// The client: closing, disposing, sharing, and errors that lead back to the caller.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  AuthenticationError,
  Client,
  ClientClosedError,
  InvalidArgumentError,
  RateLimitError,
} from '../../bindings-node/dist/index.mjs'
import { fresh, startSandbox } from './sandbox.mjs'

const closed = (error) => error instanceof ClientClosedError && error.code === 'SMILEID_CLIENT_CLOSED'

test('clients', { timeout: 30_000 }, async (t) => {
  const sandbox = await startSandbox(t)

  await t.test('closing ends running calls within 50 ms and refuses new ones', async () => {
    const client = sandbox.client()
    const users = [fresh('user'), fresh('user')]
    const calls = [client.getJobStatus(users[0], 'stall'), client.pollJobStatus(users[1], 'never')]
    const ends = Promise.allSettled(calls)
    await sandbox.until(users[0], (log) => log.open === 1)
    await sandbox.until(users[1], (log) => log.count === 1 && log.open === 0)
    const started = performance.now()
    assert.equal(client.isClosed, false)
    client.close()
    client.close()
    assert.equal(client.isClosed, true)
    for (const { reason } of await ends) assert.ok(closed(reason))
    assert.ok(performance.now() - started < 50, `${performance.now() - started} ms`)
    await assert.rejects(client.getJobStatus(fresh('user'), 'complete'), closed)
  })

  await t.test('1000 calls that end at the same moment all hear of it', async () => {
    const client = sandbox.client()
    const user = fresh('user')
    const calls = Array.from({ length: 1000 }, (_, n) => client.waitUntilComplete(user, `never-${n}`, { initialDelayMs: 60_000 }))
    const ends = Promise.allSettled(calls)
    await sandbox.until(user, (log) => log.count === 1000 && log.open === 0)
    client.close()
    for (const { reason } of await ends) assert.ok(closed(reason))
  })

  await t.test('disposing closes', async () => {
    for (const symbol of [Symbol.asyncDispose, Symbol.dispose].filter(Boolean)) {
      const client = sandbox.client()
      await client[symbol]()
      assert.equal(client.isClosed, true)
      await assert.rejects(client.getJobStatus(fresh('user'), 'complete'), closed)
    }
    assert.ok(Symbol.asyncDispose in Client.prototype)
    assert.ok(!('undefined' in Client.prototype))
  })

  await t.test('300 calls at once share 64 connections and all end', async () => {
    const client = sandbox.client()
    const ends = await Promise.all(Array.from({ length: 300 }, () => client.getJobStatus(fresh('user'), 'complete')))
    assert.ok(ends.every((status) => status.jobComplete))
  })

  await t.test('options of the environment, with own ones before them', async () => {
    Object.assign(process.env, sandbox.environment)
    t.after(() => Object.keys(sandbox.environment).forEach((name) => delete process.env[name]))
    assert.ok((await Client.fromEnv().getJobStatus(fresh('user'), 'complete')).jobComplete)
    const other = Client.fromEnv({ apiKey: 'another' })
    await assert.rejects(other.getJobStatus(fresh('user'), 'complete'), AuthenticationError)
    assert.throws(() => Client.fromEnv({ retries: 1 }), { argument: 'retries' })
    delete process.env.SMILEID_API_KEY
    assert.throws(() => Client.fromEnv(), { argument: 'api_key', message: /SMILEID_API_KEY/ })
  })

  await t.test('fromEnv makes instances of subclasses', () => {
    class Own extends Client {}
    const own = Own.fromEnv(sandbox.options)
    assert.ok(own instanceof Own && own instanceof Client)
  })

  await t.test('fromEnv makes instances of subclasses with constructors of their own, and of nothing else', async () => {
    Object.assign(process.env, sandbox.environment)
    t.after(() => Object.keys(sandbox.environment).forEach((name) => delete process.env[name]))
    const incomplete = { name: 'InvalidArgumentError', argument: 'partner_id' }
    class Passing extends Client {
      constructor(options) {
        super(options)
      }
    }
    class Nesting extends Client {
      constructor(options, inner = false) {
        // Made on the way, as any other: not of the environment.
        assert.throws(() => new Client({}), incomplete)
        assert.throws(() => new Passing({}), incomplete)
        super({ maxRetries: 0, ...options })
        if (!inner) assert.throws(() => new Nesting({}, true), incomplete)
        this.other = Passing.fromEnv()
      }
    }
    class Failing extends Client {
      constructor() {
        throw new RangeError('mine')
      }
    }
    const nesting = Nesting.fromEnv()
    assert.throws(() => Failing.fromEnv(), RangeError)
    for (const client of [Passing.fromEnv(), nesting, nesting.other, Nesting.fromEnv({ maxRetries: 1 })]) {
      assert.ok((await client.getJobStatus(fresh('user'), 'complete')).jobComplete)
    }
    for (const Kind of [Client, Passing]) assert.throws(() => new Kind({}), incomplete)
  })

  await t.test('refused arguments are named as the program wrote them', async () => {
    const client = sandbox.client()
    await assert.rejects(client.pollJobStatus('u', 'j', { initialDelayMs: 0 }), {
      argument: 'initial_delay',
      message: /^initialDelayMs: expected a duration of 1 ms to 1 h$/,
    })
    await assert.rejects(client.getJobStatus('u', 'j', { retryCount: 1 }), { argument: 'retry_count' })
    // No limit is the default of waits alone.
    await assert.rejects(client.pollJobStatus('u', 'j', { retryCount: null }), { argument: 'retry_count' })
    assert.ok((await client.waitUntilComplete(fresh('user'), 'complete', { retryCount: null })).jobComplete)
    for (const options of [null, 5, 'text']) {
      await assert.rejects(client.getJobStatus('u', 'j', options), InvalidArgumentError)
      assert.throws(() => new Client(options), InvalidArgumentError)
    }
    assert.throws(() => new Client(), InvalidArgumentError)
    assert.throws(() => Client(), TypeError)
  })

  await t.test("an error's stack leads to the caller", async () => {
    async function theCaller() {
      return await sandbox.client().getJobStatus(fresh('user'), 'unauthorized')
    }
    await assert.rejects(theCaller(), (error) => {
      assert.match(error.stack, /^AuthenticationError: .*\n/)
      assert.match(error.stack, /theCaller/)
      return true
    })
  })

  await t.test('errors tell whether asking again later may help', async () => {
    const client = sandbox.client({ maxRetries: 0 })
    for (const [status, isTransient] of [[503, true], [501, false], [429, true], [400, false]]) {
      const [userId, jobId] = [fresh('user'), 'job']
      await sandbox.tell(userId, jobId, { status })
      const single = await client.getJobStatus(userId, jobId).catch((error) => error)
      const { value } = await client.pollMany([{ userId, jobId }], { retryCount: 0 }).next()
      for (const error of [single, value.error.lastError ?? value.error]) {
        assert.deepEqual([error.httpStatus, error.isTransient], [status, isTransient])
        assert.throws(() => (error.isTransient = !isTransient), TypeError)
      }
    }
    // Made here, and never worth another try; or made by a program, which may say so.
    await assert.rejects(client.getJobStatus('u', 'j', { retries: 1 }), { argument: 'retries', isTransient: false })
    assert.equal(new RateLimitError('text').isTransient, false)
    assert.equal(new RateLimitError('text', { isTransient: true }).isTransient, true)
  })

  await t.test('errors of polls carry what was seen before', async () => {
    const userId = fresh('user')
    await sandbox.tell(userId, 'job', { pending: true }, { status: 503 }, { status: 401 })
    const client = sandbox.client({ maxRetries: 0 })
    await assert.rejects(client.pollJobStatus(userId, 'job', { initialDelayMs: 1 }), (error) => {
      assert.equal(error.name, 'AuthenticationError')
      assert.equal(error.number, 3001)
      assert.equal(error.httpStatus, 401)
      assert.equal(error.attempts, 3)
      assert.ok(error.elapsedMs > 0)
      assert.equal(error.userId, userId)
      assert.equal(error.jobId, 'job')
      assert.equal(error.lastStatus.jobComplete, false)
      assert.equal(error.lastStatus.userId, userId)
      assert.equal(error.lastError.code, 'SMILEID_SERVER')
      assert.deepEqual([error.isTransient, error.lastError.isTransient], [false, true])
      assert.ok(Buffer.isBuffer(error.raw))
      return true
    })
    await sandbox.tell(userId, 'bad', { body_text: '{"job_complete": tru' })
    await assert.rejects(client.getJobStatus(userId, 'bad'), (error) => {
      assert.equal(error.code, 'SMILEID_INVALID_RESPONSE')
      assert.equal(error.raw.toString(), '{"job_complete": tru')
      assert.equal(error.cause.name, 'UnderlyingError')
      assert.deepEqual([error.cause.category, error.cause.line], ['eof', 1])
      return true
    })
  })
})
