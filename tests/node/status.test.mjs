// The status as a JavaScript object.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import { JobStatus, Signature } from '../../bindings-node/dist/index.mjs'
import { fresh, IMPORT, run, startSandbox } from './sandbox.mjs'

test('statuses', { timeout: 90_000 }, async (t) => {
  const sandbox = await startSandbox(t)
  const client = sandbox.client()
  const answered = async (answer) => {
    const userId = fresh('user')
    await sandbox.tell(userId, 'job', answer)
    return client.getJobStatus(userId, 'job')
  }

  await t.test('everything is there, in camelCase, and the same object each time', async () => {
    const userId = fresh('user')
    const status = await client.getJobStatus(userId, 'images', { returnImageLinks: true, returnHistory: true })
    assert.ok(status instanceof JobStatus)
    assert.deepEqual([status.userId, status.jobId], [userId, 'images'])
    assert.equal(status.result.resultCode, '0810')
    assert.equal(status.result, status.result)
    assert.ok(status.history.length > 0 && status.imageLinks.livenessImages.length > 0)
    const all = status.toJSON()
    assert.deepEqual(JSON.parse(JSON.stringify(status)), JSON.parse(JSON.stringify(all)))
    for (const name of Object.keys(all)) assert.deepEqual(status[name], all[name], name)
  })

  await t.test('a code stands as it came', async () => {
    const codes = ['"2302"', '"0007"', '"0000"', '"9999"', '2302', '"230"', '"23020"', '"+230"', '"23 2"', '"é30"', '""', 'null', '{}']
    for (const code of codes) {
      const value = JSON.parse(code)
      const text = typeof value === 'number' || typeof value === 'string' ? String(value) : null
      for (const flag of [true, false]) {
        const status = await answered({
          body_text: `{"job_complete":${flag},"code":${code},"timestamp":"{{timestamp}}","signature":"{{signature}}"}`,
        })
        assert.deepEqual([status.jobComplete, status.jobSuccess, status.code], [flag, null, text])
      }
    }
  })

  await t.test('results are plain objects', async () => {
    const { result } = await answered({ complete: 'approved' })
    assert.equal(Object.getPrototypeOf(result), Object.prototype)
    assert.deepEqual(structuredClone(result), { ...result })
    const { resultCode, fields } = result
    assert.equal(fields.ResultCode, resultCode)
  })

  await t.test('it is read only', async () => {
    const status = await answered({ complete: 'approved' })
    assert.throws(() => (status.jobComplete = false), TypeError)
    assert.throws(() => (status.result = null), TypeError)
    assert.throws(() => (status.result.resultCode = '0000'), TypeError)
    assert.throws(() => status.history.push(status.result), TypeError)
  })

  await t.test('it equals the same answer about the same job, and nothing else', async () => {
    const pair = new Signature(sandbox.options.partnerId, sandbox.options.apiKey).generateSignature()
    const body = JSON.stringify({ job_complete: true, job_success: true, code: '2302', ...pair })
    const [userId, other] = [fresh('user'), fresh('user')]
    const asked = async (user, job, text) => {
      await sandbox.tell(user, job, { body_text: text })
      return client.getJobStatus(user, job)
    }
    const status = await asked(userId, 'job', body)
    assert.equal(status.equals(status), true)
    const again = await asked(userId, 'job', body)
    assert.ok(again !== status && again.equals(status) && status.equals(again))
    assert.deepEqual(again.toJSON(), status.toJSON())
    const unequal = [
      await asked(other, 'job', body),
      await asked(userId, 'another-job', body),
      await asked(userId, 'job', `${body} `),
    ]
    for (const one of unequal) assert.equal(status.equals(one) || one.equals(status), false)
    assert.notDeepEqual(unequal[0].toJSON(), status.toJSON())
    const others = [undefined, null, 0, 'text', {}, status.toJSON(), { ...status }, Object.create(JobStatus.prototype), client]
    for (const value of others) assert.equal(status.equals(value), false)
  })

  await t.test('raw is the body byte for byte, and a copy', async () => {
    const text = '{ "job_complete":true,\n"code" : "2302", "timestamp":"{{timestamp}}","signature":"{{signature}}","x":1e2}'
    const status = await answered({ body_text: text })
    const { raw } = status
    assert.ok(Buffer.isBuffer(raw))
    const expected = text.replace('{{timestamp}}', status.timestamp).replace('{{signature}}', status.signature)
    assert.equal(raw.toString(), expected)
    raw.fill(0)
    assert.equal(status.raw.toString(), expected)
  })

  await t.test("Smile ID's keys cannot reach a prototype", async () => {
    const status = await answered({
      body_text:
        '{"job_complete":true,"code":"2302","timestamp":"{{timestamp}}","signature":"{{signature}}",' +
        '"__proto__":{"polluted":1},"result":{"ResultCode":"1","__proto__":{"polluted":1},"toString":"text"}}',
    })
    assert.equal({}.polluted, undefined)
    assert.equal(status.result.polluted, undefined)
    assert.deepEqual(Object.keys(status.extras), ['__proto__'])
    assert.deepEqual(Object.keys(status.result.fields), ['ResultCode', '__proto__', 'toString'])
  })

  await t.test('a status is no promise and outlives its client', async () => {
    const own = sandbox.client()
    const status = await own.getJobStatus(fresh('user'), 'complete')
    own.close()
    assert.equal(status.then, undefined)
    assert.equal(status.result.resultCode, '0810')
  })

  await t.test('what is collected gives its place to others, and what is kept stays itself', async () => {
    const users = [fresh('user'), fresh('user')]
    for (const [at, userId] of users.entries()) {
      await sandbox.tell(userId, 'job', {
        body_text: `{"job_complete":true,"code":"2302","timestamp":"{{timestamp}}","signature":"{{signature}}","x":"${String(at).repeat(200_000)}"}`,
      })
    }
    const program = `
      ${IMPORT}
      const client = api.Client.fromEnv()
      const users = ${JSON.stringify(users)}
      const kept = []
      const ask = async (count, most) => {
        for (let n = 0; n < count; n++) {
          const status = await client.getJobStatus(users[n % 2], 'job')
          if (n % 4 < 2 && kept.length < most) kept.push([status, String(n % 2)])
        }
        gc()
        // Finalizers run in turns of their own.
        await new Promise(setImmediate)
      }
      await ask(40, 20)
      await ask(40, 40)
      const wrong = kept.filter(([status, letter]) => status.extras.x !== letter.repeat(200_000) || status.raw.length < 200_000)
      const told = kept.length
      kept.length = 0
      await ask(1, 0)
      const before = process.memoryUsage().rss
      let most = before
      // The collector hears of memory that is not its own, or it would see no need to come.
      for (let n = 0; n < 1500; n++) {
        await client.getJobStatus(users[0], 'job')
        most = Math.max(most, process.memoryUsage().rss)
      }
      console.log(told, wrong.length, most - before)
      client.close()`
    // The sandbox fills in three hundred megabytes for it.
    const { stdout, stderr } = await run(program, { sandbox, flags: ['--expose-gc', '--input-type=module'], timeout: 60_000 })
    const [kept, wrong, grown] = stdout.split(' ').map(Number)
    assert.deepEqual([kept, wrong], [40, 0], stderr)
    assert.ok(grown < 150e6, `${grown} of 300,000,000 bytes`)
  })

  await t.test('no other handle is taken for one', () => {
    const native = createRequire(import.meta.url)('../../bindings-node/native.cjs')
    const other = native.createClient({ partnerId: '001', apiKey: 'key' }, false).ok
    for (const read of ['statusResult', 'statusHistory', 'statusRest', 'statusRaw']) {
      for (const handle of [other, 1, {}, null, undefined]) assert.throws(() => native[read](handle), /expected a status/i)
    }
    assert.throws(() => native.statusEquals(other, other), /expected a status/i)
  })
})
