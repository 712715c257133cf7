// The status as a JavaScript object.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { JobStatus } from '../../bindings-node/dist/index.mjs'
import { fresh, startSandbox } from './sandbox.mjs'

test('statuses', { timeout: 30_000 }, async (t) => {
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
})
