// Signals: what JavaScript programmers expect of every function that takes one.

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'

import { InvalidArgumentError } from '../../bindings-node/dist/index.mjs'
import { fresh, soon, startSandbox } from './sandbox.mjs'

const CLOSE_BOUND_MS = 200

test('signals', { timeout: 30_000 }, async (t) => {
  const sandbox = await startSandbox(t)
  const client = sandbox.client()

  await t.test('an aborted signal sends nothing and rejects with its reason', async () => {
    for (const reason of [new Error('mine'), 'a text', 0]) {
      const userId = fresh('user')
      const call = client.getJobStatus(userId, 'complete', { signal: AbortSignal.abort(reason) })
      await assert.rejects(call, (error) => error === reason)
      assert.equal((await sandbox.log(userId)).count, 0)
    }
    await assert.rejects(client.pollJobStatus('u', 'complete', { signal: AbortSignal.abort() }), { name: 'AbortError' })
  })

  await t.test('aborting rejects with the reason and closes the connection', async () => {
    const aborted = async (jobId) => {
      const userId = fresh('user')
      const aborter = new AbortController()
      const call = client.pollJobStatus(userId, jobId, { signal: aborter.signal })
      await sandbox.until(userId, (log) => log.open === 1)
      const reason = new Error('enough')
      const started = Date.now()
      aborter.abort(reason)
      await assert.rejects(call, (error) => error === reason)
      const rejected = Date.now() - started
      await sandbox.until(userId, (log) => log.open === 0)
      return { rejected, seen: Date.now() - started }
    }
    for (const jobId of ['stall', 'stall-body']) await soon({ rejected: 20, seen: CLOSE_BOUND_MS }, () => aborted(jobId))
  })

  await t.test('aborting between two polls sends no further one', async () => {
    const userId = fresh('user')
    const signal = AbortSignal.timeout(60)
    const call = client.pollJobStatus(userId, 'never', { signal, initialDelayMs: 150 })
    await assert.rejects(call, (error) => error === signal.reason && error.name === 'TimeoutError')
    await sleep(200)
    assert.equal((await sandbox.log(userId)).count, 1)
  })

  await t.test('one listener while the call runs, none afterwards', async () => {
    const { signal } = new AbortController()
    const listeners = () => getEventListeners(signal, 'abort').length
    const settled = async (call) => {
      assert.equal(listeners(), 1)
      await call.catch(() => {})
      assert.equal(listeners(), 0)
    }
    await settled(client.getJobStatus(fresh('user'), 'complete', { signal }))
    await settled(client.getJobStatus(fresh('user'), 'unauthorized', { signal }))
    await settled(client.getJobStatus('', 'complete', { signal }))
    const aborter = new AbortController()
    const aborted = client.getJobStatus(fresh('user'), 'stall', { signal: aborter.signal })
    aborter.abort()
    await assert.rejects(aborted)
    assert.equal(getEventListeners(aborter.signal, 'abort').length, 0)
  })

  await t.test("the program's own onabort is left alone", async () => {
    const aborter = new AbortController()
    let heard = 0
    const own = () => (heard += 1)
    aborter.signal.onabort = own
    const call = client.getJobStatus(fresh('user'), 'stall', { signal: aborter.signal })
    assert.equal(aborter.signal.onabort, own)
    aborter.abort()
    await assert.rejects(call, { name: 'AbortError' })
    assert.equal(heard, 1)
  })

  await t.test('one signal ends many calls, without a warning about listeners', async () => {
    const warnings = []
    const warn = (warning) => warnings.push(warning.name)
    process.on('warning', warn)
    const aborter = new AbortController()
    const users = Array.from({ length: 40 }, () => fresh('user'))
    const calls = users.map((userId) => client.getJobStatus(userId, 'stall', { signal: aborter.signal }))
    await Promise.all(users.map((userId) => sandbox.until(userId, (log) => log.open === 1)))
    aborter.abort()
    const ends = await Promise.allSettled(calls)
    assert.ok(ends.every((end) => end.reason === aborter.signal.reason))
    await Promise.all(users.map((userId) => sandbox.until(userId, (log) => log.open === 0)))
    process.off('warning', warn)
    assert.deepEqual(warnings, [])
  })

  await t.test('aborting after the end changes nothing', async () => {
    const aborter = new AbortController()
    const status = await client.getJobStatus(fresh('user'), 'complete', { signal: aborter.signal })
    aborter.abort()
    assert.equal(status.jobComplete, true)
  })

  await t.test('signals of older kinds, without throwIfAborted or without reason', async () => {
    class Old extends EventTarget {
      aborted = false

      abort() {
        this.aborted = true
        this.dispatchEvent(new Event('abort'))
      }
    }
    class Reasoned extends Old {
      reason = new Error('mine')
    }
    const calls = [
      (userId, signal) => client.getJobStatus(userId, 'stall', { signal }),
      (userId, signal) => client.watchJobStatus(userId, 'stall', { signal }).next(),
      (userId, signal) => client.pollMany([{ userId, jobId: 'stall' }], { signal }).next(),
    ]
    for (const Kind of [Old, Reasoned]) {
      for (const call of calls) {
        const signal = new Kind()
        const reason = signal.reason ?? { name: 'AbortError', message: 'This operation was aborted' }
        const userId = fresh('user')
        const refused = assert.rejects(call(userId, signal), reason)
        await sandbox.until(userId, (log) => log.open === 1)
        signal.abort()
        await refused
        await sandbox.until(userId, (log) => log.open === 0)
        const unasked = fresh('user')
        await assert.rejects(call(unasked, signal), reason)
        assert.equal((await sandbox.log(unasked)).count, 0)
      }
    }
    await assert.rejects(client.getJobStatus('u', 'complete', { signal: AbortSignal.abort(null) }), (reason) => reason === null)
  })

  await t.test('null and undefined are no signal, anything else is refused', async () => {
    for (const signal of [null, undefined]) {
      assert.ok((await client.getJobStatus(fresh('user'), 'complete', { signal })).jobComplete)
    }
    const deaf = { aborted: false, addEventListener() {} }
    for (const signal of ['no', {}, 5, new AbortController(), deaf]) {
      const userId = fresh('user')
      const refused = (error) => error instanceof InvalidArgumentError && error.argument === 'signal'
      await assert.rejects(client.getJobStatus(userId, 'complete', { signal }), refused)
      assert.equal((await sandbox.log(userId)).count, 0)
    }
  })
})
