// Watches and pollMany as async iterators: leaving early, signals, and inputs of every kind.

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { ClientClosedError, InvalidArgumentError } from '../../bindings-node/dist/index.mjs'
import { fresh, IMPORT, MARK, run, startSandbox } from './sandbox.mjs'

const CLOSE_BOUND_MS = 200

test('streams', { timeout: 60_000 }, async (t) => {
  const sandbox = await startSandbox(t)
  const client = sandbox.client()
  const open = (userId) => sandbox.until(userId, (log) => log.open === 1)
  const closesSoon = async (userId, end) => {
    const started = Date.now()
    await end()
    await sandbox.until(userId, (log) => log.open === 0)
    assert.ok(Date.now() - started < CLOSE_BOUND_MS, `the sandbox saw it after ${Date.now() - started} ms`)
  }
  const streams = (userId, options) => [
    client.watchJobStatus(userId, 'stall', options),
    client.pollMany([{ userId, jobId: 'stall' }], options),
  ]

  await t.test('return() while next waits drops the request and ends the wait', async () => {
    for (const at of [0, 1]) {
      const userId = fresh('user')
      const stream = streams(userId)[at]
      const next = stream.next()
      await open(userId)
      await closesSoon(userId, () => stream.return())
      assert.deepEqual(await next, { done: true, value: undefined })
      assert.equal((await stream.next()).done, true)
      await stream.return()
    }
  })

  await t.test('aborting rejects with the reason, once, and leaves no listener', async () => {
    for (const at of [0, 1]) {
      const userId = fresh('user')
      const aborter = new AbortController()
      const stream = streams(userId, { signal: aborter.signal })[at]
      const next = stream.next()
      await open(userId)
      assert.equal(getEventListeners(aborter.signal, 'abort').length, 1)
      const reason = new Error('enough')
      const refused = assert.rejects(next, (error) => error === reason)
      await closesSoon(userId, () => aborter.abort(reason))
      await refused
      assert.equal((await stream.next()).done, true)
      assert.equal(getEventListeners(aborter.signal, 'abort').length, 0)
    }
  })

  await t.test('an aborted signal sends nothing', async () => {
    for (const at of [0, 1]) {
      const userId = fresh('user')
      await assert.rejects(streams(userId, { signal: AbortSignal.abort() })[at].next(), { name: 'AbortError' })
      assert.equal((await sandbox.log(userId)).count, 0)
    }
  })

  await t.test('breaking out of a loop drops the other requests and takes the listener off', async () => {
    const userId = fresh('user')
    const { signal } = new AbortController()
    const jobs = [{ userId: fresh('user'), jobId: 'complete' }, { userId, jobId: 'stall' }]
    for await (const { status } of client.pollMany(jobs, { signal })) {
      assert.ok(status.jobComplete)
      await open(userId)
      break
    }
    await closesSoon(userId, () => {})
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })

  await t.test('aborting inside the loop drops requests that nobody waits for', async () => {
    const userId = fresh('user')
    const aborter = new AbortController()
    const jobs = [{ userId: fresh('user'), jobId: 'complete' }, { userId, jobId: 'stall' }]
    const stream = client.pollMany(jobs, { signal: aborter.signal })
    await stream.next()
    await open(userId)
    await closesSoon(userId, () => aborter.abort())
    await assert.rejects(stream.next(), { name: 'AbortError' })
  })

  /** Whether nothing more is asked for longer than many delays. */
  const quiet = async (userId) => {
    const { count } = await sandbox.until(userId, (log) => log.open === 0)
    await sleep(100)
    assert.equal((await sandbox.log(userId)).count, count)
  }
  const paced = (signal) => ({ initialDelayMs: 5, maxDelayMs: 5, timeoutMs: null, signal })
  const never = (userId, signal) => [
    client.watchJobStatus(userId, 'never', paced(signal)),
    client.pollMany([{ userId, jobId: 'complete' }, { userId, jobId: 'never' }], paced(signal)),
  ]

  await t.test('aborting while for await waits throws the reason out of the loop, and nothing more is asked', async () => {
    for (const at of [0, 1]) {
      const userId = fresh('user')
      const aborter = new AbortController()
      const reason = new Error('enough')
      const loop = async () => {
        for await (const _ of never(userId, aborter.signal)[at]);
      }
      const refused = assert.rejects(loop(), (error) => error === reason)
      await sandbox.until(userId, (log) => log.count >= 4)
      aborter.abort(reason)
      await refused
      await quiet(userId)
      assert.equal(getEventListeners(aborter.signal, 'abort').length, 0)
    }
  })

  await t.test('aborting inside the body of for await throws at its next turn, and nothing is asked meanwhile', async () => {
    for (const at of [0, 1]) {
      const userId = fresh('user')
      const aborter = new AbortController()
      let turns = 0
      const loop = async () => {
        for await (const _ of never(userId, aborter.signal)[at]) {
          turns += 1
          aborter.abort()
          await quiet(userId)
        }
      }
      await assert.rejects(loop(), { name: 'AbortError' })
      assert.equal(turns, 1)
    }
  })

  await t.test('break, return and an error of the body leave nothing running', async () => {
    const leave = {
      break: async (stream) => { for await (const _ of stream) break },
      return: async (stream) => { for await (const _ of stream) return },
      throw: async (stream) => { for await (const _ of stream) throw new RangeError('mine') },
    }
    for (const [how, run] of Object.entries(leave)) {
      for (const at of [0, 1]) {
        const userId = fresh('user')
        const { signal } = new AbortController()
        const stream = never(userId, signal)[at]
        await run(stream).catch((error) => assert.ok(error instanceof RangeError && how === 'throw'))
        await quiet(userId)
        assert.equal((await stream.next()).done, true)
        assert.equal(getEventListeners(signal, 'abort').length, 0)
      }
    }
  })

  await t.test('worker threads run both to their ends, beside each other, and leave by themselves', async () => {
    const source = `
      const { Client } = require('../../bindings-node')
      const { threadId } = require('node:worker_threads')
      const client = Client.fromEnv()
      const user = '${fresh('user')}-' + threadId
      const pace = { initialDelayMs: 2, maxDelayMs: 2 }
      async function watch() {
        const attempts = []
        for await (const update of client.watchJobStatus(user, 'pending-3', pace)) attempts.push(update.attempt)
        return attempts.join()
      }
      async function many() {
        let complete = 0
        const jobs = Array.from({ length: 40 }, (_, at) => ({ userId: user, jobId: 'pending-' + (at % 5 + 10) }))
        for await (const { status } of client.pollMany(jobs, { ...pace, maxWaiting: 7 })) complete += status.jobComplete
        return complete
      }
      async function left() {
        for await (const _ of client.pollMany([{ userId: user, jobId: 'complete' }, { userId: user, jobId: 'stall' }])) break
        for await (const _ of client.watchJobStatus(user, 'never', pace)) break
      }
      Promise.all([watch(), many(), many(), left()]).then((all) => {
        if (all.slice(0, 3).join() !== '1,2,3,4,40,40') throw new Error(all.join())
      })`
    const program = `
      import { Worker } from 'node:worker_threads'
      const ended = () => new Promise((resolve, reject) =>
        new Worker(${JSON.stringify(source)}, { eval: true, execArgv: [] }).once('exit', resolve).once('error', reject))
      console.log(...await Promise.all([ended(), ended(), ended(), ended()]))`
    const { ms, ...end } = await run(program, { sandbox })
    assert.deepEqual(end, { code: 0, signal: null, stdout: '0 0 0 0\n', stderr: '' })
  })

  await t.test('an endless input is read as there is room, only inside next, and closed at the end', async () => {
    let [read, closed] = [0, 0]
    const user = fresh('user')
    function* endless() {
      try {
        for (;;) yield { userId: `${user}-${++read}`, jobId: 'complete' }
      } finally {
        closed += 1
      }
    }
    const outcomes = client.pollMany(endless(), { maxWaiting: 5 })
    assert.equal(read, 0)
    let seen = 0
    for await (const { status } of outcomes) {
      assert.ok(status.jobComplete)
      assert.ok(read <= 5 + seen, `${read} read, ${seen} seen`)
      if (++seen === 40) break
    }
    assert.equal(closed, 1)
    assert.equal(outcomes.progress.complete, 40)
  })

  await t.test('what is always ready leaves timers their turn, and the loop can be left', async () => {
    const own = sandbox.client()
    own.close()
    let closed = 0
    const job = { userId: fresh('user'), jobId: 'complete' }
    function* endless() {
      try {
        for (;;) yield job
      } finally {
        closed += 1
      }
    }
    async function* endlessToo() {
      yield* endless()
    }
    for (const jobs of [endless, endlessToo]) {
      let [seen, ticks] = [0, 0]
      const timer = setInterval(() => (ticks += 1), 1)
      const end = Date.now() + 500
      for await (const { error } of own.pollMany(jobs(), { maxWaiting: 100 })) {
        assert.ok(error instanceof ClientClosedError)
        seen += 1
        if (Date.now() >= end) break
      }
      clearInterval(timer)
      assert.ok(ticks > 20, `${ticks} ticks in 500 ms`)
      assert.ok(seen > 1000, `${seen} outcomes in 500 ms`)
    }
    assert.equal(closed, 2)
    const signal = AbortSignal.timeout(50)
    const loop = async () => {
      const end = Date.now() + 5000
      for await (const _ of own.pollMany(endless(), { signal })) if (Date.now() >= end) break
    }
    await assert.rejects(loop(), (error) => error === signal.reason)
    assert.equal(closed, 3)
  })

  await t.test('an async input: outcomes come while it is slow, and it is closed', async () => {
    const user = fresh('user')
    let closed = false
    async function* slow() {
      try {
        yield { userId: `${user}-1`, jobId: 'complete' }
        await sleep(150)
        yield { userId: `${user}-2`, jobId: 'complete' }
      } finally {
        closed = true
      }
    }
    const started = Date.now()
    const times = []
    for await (const { status } of client.pollMany(slow())) times.push([status.userId, Date.now() - started])
    assert.deepEqual(times.map(([userId]) => userId), [`${user}-1`, `${user}-2`])
    assert.ok(times[0][1] < 140, `the first one came after ${times[0][1]} ms`)
    assert.ok(closed)
  })

  await t.test('an async input that never answers hinders neither return() nor an abort', async () => {
    const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }
    const stream = client.pollMany(never)
    const next = stream.next()
    await sleep(10)
    await stream.return()
    assert.equal((await next).done, true)
    const signal = AbortSignal.timeout(20)
    await assert.rejects(client.pollMany(never, { signal }).next(), (error) => error === signal.reason)
  })

  await t.test('what an input or onProgress throws comes out of next and ends it', async () => {
    const mine = new Error('mine')
    const throwing = [
      client.pollMany((function* () { throw mine })()),
      client.pollMany((async function* () { throw mine })()),
      client.pollMany([{ userId: fresh('user'), jobId: 'complete' }], { onProgress: () => { throw mine } }),
    ]
    for (const stream of throwing) {
      await assert.rejects(stream.next(), (error) => error === mine)
      assert.equal((await stream.next()).done, true)
    }
  })

  await t.test('progress, duplicates, bad ids and overlapping calls of next', async () => {
    const userId = fresh('user')
    const progress = []
    // Still waited for when its duplicate is read.
    const jobs = [{ userId, jobId: 'slow-100ms' }, { userId, jobId: 'slow-100ms' }, { userId: '', jobId: 'j' }]
    const stream = client.pollMany(new Set(jobs), { onProgress: (now) => progress.push(now.complete + now.failed) })
    assert.deepEqual(stream.progress, { complete: 0, failed: 0, waiting: 0 })
    const all = await Promise.all([stream.next(), stream.next(), stream.next(), stream.next()])
    assert.deepEqual(all.map(({ done }) => done), [false, false, false, true])
    assert.deepEqual(stream.progress, { complete: 2, failed: 1, waiting: 0 })
    assert.deepEqual(progress, [1, 2, 3])
    assert.equal((await sandbox.log(userId)).count, 1)
    const bad = all.map(({ value }) => value).find((outcome) => outcome?.error)
    assert.ok(bad.error instanceof InvalidArgumentError && bad.userId === '')
    const printed = all.map(({ value }) => inspect(value, { depth: null, showHidden: true, getters: true })).join()
    assert.doesNotMatch(printed, new RegExp(MARK))
    assert.doesNotMatch(inspect(stream, { showHidden: true, depth: null }), new RegExp(MARK))
  })

  await t.test('a text with a lone surrogate is no id', async () => {
    const stream = client.pollMany([{ userId: 'a\ud800', jobId: 'complete' }])
    await assert.rejects(stream.next(), { argument: 'jobs' })
  })

  await t.test('a watch or many jobs between two calls of next do not keep the process alive', async () => {
    const program = `${IMPORT}
      const client = api.Client.fromEnv()
      const watch = client.watchJobStatus('${fresh('user')}', 'never', { initialDelayMs: 20 })
      await watch.next()
      const jobs = [1, 2].map((at) => ({ userId: '${fresh('user')}' + at, jobId: at === 1 ? 'complete' : 'stall' }))
      await client.pollMany(jobs).next()`
    const { ms, ...end } = await run(program, { sandbox })
    assert.deepEqual(end, { code: 0, signal: null, stdout: '', stderr: '' })
    assert.ok(ms < 5000)
  })

  await t.test('process.exit and worker.terminate with both running', async () => {
    const body = (load) => `
      const client = ${load}.Client.fromEnv()
      client.watchJobStatus('${fresh('user')}', 'stall').next().catch(() => {})
      client.pollMany([{ userId: '${fresh('user')}', jobId: 'stall' }]).next().catch(() => {})
      client.waitUntilComplete('${fresh('user')}', 'never', { initialDelayMs: 1, maxDelayMs: 2 }).catch(() => {})`
    const silent = { code: 0, signal: null, stdout: '', stderr: '' }
    const { ms, ...end } = await run(`${IMPORT} ${body('api')}; setTimeout(() => process.exit(0), 60)`, { sandbox })
    assert.deepEqual(end, silent)
    const program = `
      import { Worker } from 'node:worker_threads'
      const source = ${JSON.stringify(body("require('../../bindings-node')"))}
      const workers = Array.from({ length: 4 }, () => new Worker(source, { eval: true, execArgv: [] }))
      await new Promise((resolve) => setTimeout(resolve, 300))
      await Promise.all(workers.map((worker) => worker.terminate()))`
    const { ms: took, ...other } = await run(program, { sandbox })
    assert.deepEqual(other, silent)
  })
})
