// Waits, which are neither tasks nor futures of the native half while they sleep.

import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'

import { ClientClosedError, JobIncompleteError } from '../../bindings-node/dist/index.mjs'
import { fresh, IMPORT, run, soon, startSandbox } from './sandbox.mjs'

const PATIENT = { timeoutMs: null, initialDelayMs: 600_000, maxDelayMs: 600_000 }

test('waits', { timeout: 60_000 }, async (t) => {
  const sandbox = await startSandbox(t)
  const answered = (count) => (log) => log.count === count && log.open === 0

  await t.test('aborting asleep, in flight and in the queue', () => soon({ asleep: 20, queued: 20, inFlight: 20 }, async () => {
    const client = sandbox.client({ maxConnections: 1 })
    const begin = (userId, jobId, options) => {
      const aborter = new AbortController()
      const call = client.waitUntilComplete(userId, jobId, { ...options, signal: aborter.signal })
      return async () => {
        const started = performance.now()
        aborter.abort()
        await assert.rejects(call, { name: 'AbortError' })
        return performance.now() - started
      }
    }
    const users = ['asleep', 'in-flight', 'queued', 'last'].map(fresh)
    const asleep = begin(users[0], 'never', PATIENT)
    await sandbox.until(users[0], answered(1))
    const inFlight = begin(users[1], 'stall', PATIENT)
    await sandbox.until(users[1], (log) => log.open === 1)
    const queued = begin(users[2], 'complete', PATIENT)
    const last = client.waitUntilComplete(users[3], 'complete', PATIENT)
    const times = { asleep: await asleep(), queued: await queued() }
    assert.equal((await sandbox.log(users[1])).open, 1)
    times.inFlight = await inFlight()
    assert.ok((await last).jobComplete)
    assert.equal((await sandbox.log(users[2])).count, 0)
    await sandbox.until(users[1], (log) => log.open === 0)
    return times
  }))

  await t.test('a bound that passes in the queue', () => soon({ took: 250, elapsedMs: 205 }, async () => {
    const client = sandbox.client({ maxConnections: 1 })
    const user = fresh('user')
    const stalled = client.waitUntilComplete(user, 'stall', PATIENT).catch(() => {})
    await sandbox.until(user, (log) => log.open === 1)
    const started = performance.now()
    const error = await client.waitUntilComplete(user, 'complete', { timeoutMs: 200 }).catch((error) => error)
    const took = performance.now() - started
    assert.ok(error instanceof JobIncompleteError)
    assert.deepEqual([error.reason, error.attempts, error.lastError.phase], ['deadline', 1, 'queue'])
    assert.ok(took >= 199, `${took} ms`)
    assert.ok(error.elapsedMs >= 200, `${error.elapsedMs} ms`)
    client.close()
    await stalled
    return { took, elapsedMs: error.elapsedMs }
  }))

  await t.test('equal ones are woken together', async () => {
    const client = sandbox.client()
    const user = fresh('user')
    const calls = Array.from({ length: 5 }, () => client.waitUntilComplete(user, 'pending-5', PATIENT))
    await sandbox.until(user, answered(5))
    await sleep(50)
    client.notify(user, 'pending-5')
    assert.ok((await Promise.all(calls)).every((status) => status.jobComplete))
    assert.equal((await sandbox.log(user)).count, 10)
  })

  await t.test('thousands end with their client', async () => {
    const client = sandbox.client()
    const user = fresh('user')
    const calls = Array.from({ length: 3000 }, () => client.waitUntilComplete(user, 'never', PATIENT))
    const ends = Promise.allSettled(calls)
    await sandbox.until(user, answered(3000))
    const started = performance.now()
    client.close()
    for (const { reason } of await ends) {
      assert.ok(reason instanceof ClientClosedError)
      assert.deepEqual([reason.userId, reason.jobId, reason.attempts], [user, 'never', 1])
      assert.equal(reason.lastStatus.jobComplete, false)
    }
    assert.ok(performance.now() - started < 1000)
    await assert.rejects(client.waitUntilComplete(user, 'never'), ClientClosedError)
  })

  await t.test('numbers that are used again lead to the right call', async () => {
    const client = sandbox.client()
    const started = []
    // Called in the midst of a batch, when what ended in it has given its numbers back.
    const listener = ({ message }) => {
      if (message !== 'answered' || started.length >= 60) return
      const user = fresh('late')
      started.push(client.waitUntilComplete(user, 'complete').then((status) => assert.equal(status.userId, user)))
    }
    subscribe('smileid_jobs', listener)
    const asked = Array.from({ length: 40 }, async (_, at) => {
      const [user, job] = [fresh('user'), at % 2 ? 'complete' : 'pending-1']
      const aborter = new AbortController()
      const given = client.waitUntilComplete(fresh('given-up'), 'never', { signal: aborter.signal }).catch(() => {})
      const call = client.waitUntilComplete(user, job, { initialDelayMs: 20 })
      aborter.abort()
      const status = await call
      await given
      assert.deepEqual([status.userId, status.jobId, status.jobComplete], [user, job, true])
    })
    await Promise.all(asked)
    await Promise.all(started)
    unsubscribe('smileid_jobs', listener)
    assert.equal(started.length, 60)
  })

  await t.test('a process and a worker end with waits asleep', async () => {
    const waits = `
      const client = api.Client.fromEnv()
      const patient = { timeoutMs: null, initialDelayMs: 600000, maxDelayMs: 600000 }
      for (let at = 0; at < 500; at++) client.waitUntilComplete('${fresh('user')}-' + at, 'never', patient).catch(() => {})`
    const ends = await run(`${IMPORT} ${waits}; setTimeout(() => process.exit(7), 200)`, { sandbox })
    assert.deepEqual([ends.code, ends.stdout, ends.stderr], [7, '', ''])
    const inWorker = `${IMPORT} ${waits}; setTimeout(() => process.exit(7), 200)`
    const program = `
      import { Worker } from 'node:worker_threads'
      const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(inWorker)})))
      worker.on('exit', (code) => (process.exitCode = code))`
    const worker = await run(program, { sandbox })
    assert.deepEqual([worker.code, worker.stdout, worker.stderr], [7, '', ''])
  })

  await t.test('a wait alone keeps the process alive, and closing lets it go', async () => {
    const program = `${IMPORT}
      const client = api.Client.fromEnv()
      const patient = { timeoutMs: null, initialDelayMs: 600000, maxDelayMs: 600000 }
      const call = client.waitUntilComplete('${fresh('user')}', 'never', patient)
      setTimeout(() => client.close(), 200).unref()
      await call.catch(({ code }) => console.log(code))`
    const end = await run(program, { sandbox })
    assert.deepEqual([end.code, end.stdout, end.stderr], [0, 'SMILEID_CLIENT_CLOSED\n', ''])
  })
})
