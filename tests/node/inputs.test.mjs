// What pollMany makes of the inputs it reads: how they end, what of them is read, and what it keeps of them.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'

import { InvalidArgumentError } from '../../bindings-node/dist/index.mjs'
import { fresh, IMPORT, run, soon, startSandbox } from './sandbox.mjs'

const mine = new Error('mine')
const isMine = (error) => error === mine
const fail = () => {
  throw mine
}

/** Keeps this thread for so many milliseconds. */
function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** An input that answers with each of the steps in turn, and what was asked of it. */
function scripted(asynchronous, steps) {
  const asked = []
  const at = {
    next() {
      asked.push('next')
      return steps[asked.length - 1]()
    },
    return() {
      asked.push('return')
      return { done: true }
    },
  }
  return { asked, jobs: { [asynchronous ? Symbol.asyncIterator : Symbol.iterator]: () => at } }
}

test('inputs', { timeout: 60_000 }, async (t) => {
  const sandbox = await startSandbox(t)
  const client = sandbox.client()
  const job = (jobId = 'complete') => ({ done: false, value: { userId: fresh('user'), jobId } })
  const over = () => ({ done: true, value: undefined })

  await t.test('one that fails is asked nothing more, one that gives no job is asked to return', async () => {
    const cases = [
      // What for await does: an iterator whose own functions throw is over.
      ['throws', fail, isMine, ['next']],
      ['has a flag that throws', () => ({ get done() { return fail() } }), isMine, ['next']],
      ['has a value that throws', () => ({ done: false, get value() { return fail() } }), isMine, ['next']],
      ['gives no result', () => undefined, TypeError, ['next']],
      ['gives no job', () => ({ done: false, value: 'text' }), InvalidArgumentError, ['next', 'return']],
      ['gives a job that throws', () => ({ value: { get userId() { return fail() } } }), isMine, ['next', 'return']],
    ]
    for (const [name, step, error, expected] of cases) {
      for (const asynchronous of [true, false]) {
        const input = scripted(asynchronous, [step, job, over])
        const stream = client.pollMany(input.jobs)
        await assert.rejects(stream.next(), error, name)
        assert.deepEqual(input.asked, expected, `${name}, ${asynchronous ? 'async' : 'sync'}`)
        assert.equal((await stream.next()).done, true)
        await stream.return()
        assert.deepEqual(input.asked, expected, name)
      }
    }
    const rejecting = scripted(true, [() => Promise.reject(mine), job, over])
    await assert.rejects(client.pollMany(rejecting.jobs).next(), isMine)
    assert.deepEqual(rejecting.asked, ['next'])
  })

  await t.test('one that fails between two calls of next, with outcomes under way', async () => {
    for (const [step, expected] of [[fail, []], [() => ({ value: null }), ['return']]]) {
      const later = async () => (await sleep(30), step())
      const input = scripted(true, [job, () => job('stall'), later, job, over])
      const stream = client.pollMany(input.jobs)
      assert.ok((await stream.next()).value.status.jobComplete)
      // Reads what fails meanwhile.
      await assert.rejects(stream.next())
      assert.deepEqual(input.asked, ['next', 'next', 'next', ...expected])
      assert.equal((await stream.next()).done, true)
    }
  })

  await t.test('no job of an input that goes on to be read is lost', async () => {
    const users = Array.from({ length: 20 }, () => fresh('user'))
    async function* mixed() {
      for (const [at, userId] of users.entries()) {
        if (at % 3 === 0) await sleep(5)
        yield { userId, jobId: at % 4 ? 'complete' : 'slow-20ms' }
      }
    }
    const seen = []
    for await (const { userId } of client.pollMany(mixed(), { maxWaiting: 3 })) seen.push(userId)
    assert.deepEqual(seen.sort(), users.sort())
  })

  await t.test('each job of one that blocks is asked about before the next one is there', async () => {
    const user = fresh('user')
    /** Waits in a process of its own: this thread is the input's. */
    const wasAsked = (userId) => {
      const url = `${sandbox.url}/_sandbox/requests?user_id=${encodeURIComponent(userId)}`
      const source = `const asked = async () => (await (await fetch(${JSON.stringify(url)})).json()).count === 1
        while (!(await asked())) await new Promise((resolve) => setTimeout(resolve, 3))`
      execFileSync(process.execPath, ['--input-type=module', '--eval', source], { timeout: 10_000 })
    }
    function* blocking() {
      for (let at = 0; at < 3; at++) {
        if (at > 0) wasAsked(`${user}-${at - 1}`)
        yield { userId: `${user}-${at}`, jobId: 'complete' }
      }
    }
    let seen = 0
    for await (const { status } of client.pollMany(blocking())) seen += status.jobComplete
    assert.equal(seen, 3)
  })

  await t.test('one that is slow is read while outcomes come and the event loop turns', async () => {
    const user = fresh('user')
    let [read, turns, seen] = [0, 0, 0]
    function* slow() {
      for (; read < 1000; read++) {
        block(2)
        // The first one has no outcome to wait for.
        yield { userId: `${user}-${read}`, jobId: read === 0 ? 'stall' : 'complete' }
      }
    }
    let counting = setImmediate(function count() {
      turns += 1
      counting = setImmediate(count)
    })
    t.after(() => clearImmediate(counting))
    for await (const { status } of client.pollMany(slow())) {
      assert.ok(status.jobComplete)
      if (++seen === 20) break
    }
    clearImmediate(counting)
    assert.ok(read < 200, `${read} were read before ${seen} outcomes`)
    assert.ok(turns > 10, `${turns} turns`)
  })

  await t.test('of one that is long and instant little is read before the first outcome', async () => {
    await soon({ first: 500, read: 3000 }, async () => {
      // Its outcomes are there at once.
      const own = sandbox.client()
      own.close()
      let read = 0
      function* instant() {
        while (read < 300_000) yield { userId: `user-${read++}`, jobId: 'complete' }
      }
      const started = Date.now()
      for await (const _ of own.pollMany(instant(), { maxWaiting: 1_000_000 })) break
      return { first: Date.now() - started, read }
    })
  })

  await t.test('one that blocks does not hold back outcomes that are there', async () => {
    const own = sandbox.client()
    own.close()
    let [read, seen] = [0, 0]
    function* stalling() {
      for (; ; read++) {
        if (read >= 50) block(20)
        yield { userId: fresh('user'), jobId: 'complete' }
      }
    }
    for await (const _ of own.pollMany(stalling())) if (++seen === 40) break
    assert.ok(read < 60, `${read} were read before ${seen} outcomes`)
  })

  await t.test('a long async input leaves nothing behind', async () => {
    // Each item is waited for. The client is closed: its outcomes are there at once.
    const program = `${IMPORT}
      const client = api.Client.fromEnv()
      client.close()
      const used = () => (gc(), process.memoryUsage().heapUsed)
      async function* many() {
        for (let at = 0; at < 40000; at++) {
          await new Promise(setImmediate)
          yield { userId: 'user', jobId: 'job' }
        }
      }
      let seen = 0
      const after = []
      for await (const _ of client.pollMany(many())) if (++seen % 20000 === 0) after.push(used())
      const grown = after[1] - after[0]
      console.log(seen, grown < 1_000_000 ? 'no more' : grown)`
    const { ms, ...end } = await run(program, { sandbox, flags: ['--expose-gc', '--input-type=module'] })
    assert.deepEqual(end, { code: 0, signal: null, stdout: '40000 no more\n', stderr: '' })
  })
})
