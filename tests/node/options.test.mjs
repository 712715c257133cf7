// Options and signals whose own code throws: the call fails with that error, and nothing else happens.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Client } from '../../bindings-node/dist/index.mjs'
import { fresh, IMPORT, run, startSandbox } from './sandbox.mjs'

const mine = new Error('mine')
const isMine = (error) => error === mine
const fail = () => {
  throw mine
}

const HOSTILE = {
  'a getter': () => Object.defineProperty({}, 'timeoutMs', { enumerable: true, get: fail }),
  'a getter that is not enumerable': () => Object.defineProperty({}, 'timeoutMs', { get: fail }),
  'an inherited getter': () => Object.create({ get returnHistory() { return fail() } }),
  'a strict proxy': () => new Proxy({ timeoutMs: 5 }, { get: (target, name) => (name in target ? target[name] : fail()) }),
  'a proxy without keys': () => new Proxy({}, { ownKeys: fail }),
}

const VERBS = {
  getJobStatus: (client, user, options) => client.getJobStatus(user, 'complete', options),
  pollJobStatus: (client, user, options) => client.pollJobStatus(user, 'complete', options),
  waitUntilComplete: (client, user, options) => client.waitUntilComplete(user, 'complete', options),
  pollStep: (client, user, options) => client.pollStep(user, 'complete', options),
  watchJobStatus: (client, user, options) => client.watchJobStatus(user, 'complete', options).next(),
  pollMany: (client, user, options) => client.pollMany([{ userId: user, jobId: 'complete' }], options).next(),
}

test('what throws inside of options', { timeout: 60_000 }, async (t) => {
  const sandbox = await startSandbox(t)
  const client = sandbox.client()
  const nothingSent = async (user) => assert.equal((await sandbox.log(user)).count, 0)

  await t.test('is what the call rejects with, and nothing is sent', async () => {
    for (const verb of Object.values(VERBS)) {
      for (const options of Object.values(HOSTILE)) {
        const user = fresh('user')
        const other = client.getJobStatus(fresh('user'), 'slow-20ms')
        await assert.rejects(verb(client, user, options()), isMine)
        await nothingSent(user)
        assert.ok((await other).jobComplete)
      }
    }
  })

  await t.test('also where images are downloaded and callbacks verified', async () => {
    const user = fresh('user')
    const status = await client.getJobStatus(user, 'images', { returnImageLinks: true })
    const { count } = await sandbox.log(user)
    for (const name of ['directory', 'overwrite', 'allowedHosts', 'refresh', 'timeoutMs', 'signal']) {
      const options = Object.defineProperty({}, name, { enumerable: true, get: fail })
      await assert.rejects(client.downloadImages(status, options), isMine)
    }
    await assert.rejects(client.downloadImages(status, { allowedHosts: { [Symbol.iterator]: fail } }), isMine)
    assert.equal((await sandbox.log(user)).count, count)
    assert.throws(() => client.verifyCallback('{}', { get maxAgeMs() { return fail() } }), isMine)
  })

  await t.test('is what the constructor and fromEnv throw', () => {
    for (const name of ['partnerId', 'apiKey', 'baseUrl', 'proxy', 'maxRetries']) {
      const options = Object.defineProperty({ ...sandbox.options }, name, { enumerable: true, get: fail })
      assert.throws(() => new Client(options), isMine)
      assert.throws(() => Client.fromEnv(options), isMine)
    }
  })

  await t.test('does not end a process whose first call it is', async () => {
    const user = fresh('user')
    for (const [name, call] of Object.entries(VERBS)) {
      const program = `${IMPORT}
        const [client, mine] = [api.Client.fromEnv(), new Error('mine')]
        const call = ${call}
        call(client, '${user}', { get timeoutMs() { throw mine } }).catch((error) => console.log(error === mine))
        const { jobComplete } = await client.getJobStatus('${fresh('user')}', 'slow-100ms')
        console.log(jobComplete)`
      const { ms, ...end } = await run(program, { sandbox })
      assert.deepEqual(end, { code: 0, signal: null, stdout: 'true\ntrue\n', stderr: '' }, name)
    }
    await nothingSent(user)
  })

  await t.test('each option is read once, own and inherited ones', async () => {
    for (const [name, verb] of Object.entries(VERBS)) {
      const read = []
      const inherited = { get returnHistory() { read.push('returnHistory'); return true } }
      const own = { timeoutMs: { enumerable: true, get: () => (read.push('timeoutMs'), 5000) } }
      const answer = await verb(client, fresh('user'), Object.create(inherited, own))
      assert.deepEqual(read.sort(), ['returnHistory', 'timeoutMs'], name)
      const { history } = answer.value?.status ?? answer.status ?? answer
      assert.ok(history.length > 0, `${name} did not ask for the history`)
    }
  })

  await t.test('a native call that nobody waits for harms no other', async () => {
    const program = `${IMPORT}
      import { createRequire } from 'node:module'
      const native = createRequire(import.meta.url)('../../bindings-node/native.cjs')
      const { getJobStatusPlainly } = native
      const mine = new Error('mine')
      native.getJobStatusPlainly = (...values) => {
        native.getJobStatusPlainly = getJobStatusPlainly
        getJobStatusPlainly(...values)
        throw mine
      }
      const client = api.Client.fromEnv()
      await client.getJobStatus('${fresh('user')}', 'complete').catch((error) => console.log(error === mine))
      await client.getJobStatus('${fresh('user')}', 'slow-100ms').then(({ jobComplete }) => console.log(jobComplete))`
    const { ms, ...end } = await run(program, { sandbox })
    assert.deepEqual(end, { code: 0, signal: null, stdout: 'true\ntrue\n', stderr: '' })
  })

  await t.test('a signal that cannot be listened to: the request is dropped', async () => {
    for (const [name, call] of Object.entries(VERBS)) {
      const user = fresh('user')
      const signal = { aborted: false, addEventListener: fail, removeEventListener() {} }
      await assert.rejects(call(client, user, { signal, timeoutMs: null }), isMine, name)
      await sandbox.until(user, (log) => log.open === 0)
    }
    const program = `${IMPORT}
      const signal = { aborted: false, addEventListener() { throw new Error('mine') }, removeEventListener() {} }
      const call = api.Client.fromEnv().getJobStatus('${fresh('user')}', 'stall', { signal, timeoutMs: null })
      await call.catch(({ message }) => console.log(message))`
    const { ms, ...end } = await run(program, { sandbox })
    assert.deepEqual(end, { code: 0, signal: null, stdout: 'mine\n', stderr: '' })
  })

  await t.test('a call that is started while others end has an end of its own', async () => {
    const started = []
    class Starting extends EventTarget {
      aborted = false

      removeEventListener() {
        started.push(client.getJobStatus(user, 'slow-100ms'))
      }
    }
    const user = fresh('user')
    // Many, so that some of them end in one batch.
    const calls = Array.from({ length: 20 }, () => client.getJobStatus(user, 'slow-250ms', { signal: new Starting() }))
    const jobs = async (ends) => (await Promise.all(ends)).map(({ jobId }) => jobId)
    assert.deepEqual(new Set(await jobs(calls)), new Set(['slow-250ms']))
    assert.equal(started.length, calls.length)
    assert.deepEqual(new Set(await jobs(started)), new Set(['slow-100ms']))
  })

  await t.test('a signal that keeps its listener, or has no reason to give, fails its own calls only', async () => {
    class Deaf extends EventTarget {
      aborted = false

      removeEventListener() {
        fail()
      }
    }
    class Silent extends EventTarget {
      aborted = false

      get reason() {
        return fail()
      }
    }
    for (const call of Object.values(VERBS)) {
      const [one, other] = [fresh('user'), fresh('user')]
      const ends = [call(client, one, { signal: new Deaf() }), client.getJobStatus(other, 'complete')]
      const [deaf, well] = await Promise.allSettled(ends)
      // Iterators keep it beyond an answer.
      assert.ok(deaf.reason === mine || deaf.value.done === false)
      assert.ok(well.value.jobComplete)
    }
    const signal = new Silent()
    const users = [fresh('user'), fresh('user')]
    const calls = users.map((user) => client.getJobStatus(user, 'stall', { signal }))
    for (const user of users) await sandbox.until(user, (log) => log.open === 1)
    signal.aborted = true
    signal.dispatchEvent(new Event('abort'))
    for (const call of calls) await assert.rejects(call, isMine)
    for (const user of users) await sandbox.until(user, (log) => log.open === 0)
  })
})
