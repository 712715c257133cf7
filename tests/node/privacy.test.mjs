// Nothing private in anything that Node prints by itself.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { Signature } from '../../bindings-node/dist/index.mjs'
import { fresh, IMPORT, MARK, run, startSandbox } from './sandbox.mjs'

const PERSON = {
  FullName: `${MARK} name`,
  Photo: `${MARK}-photo`,
  DOB: `${MARK}-dob`,
  PhoneNumber: `${MARK}-phone`,
  Antifraud: { SuspectUsers: [{ user_id: `${MARK}-suspect`, reason: 'duplicate face' }] },
  PartnerParams: { user_id: '{{user_id}}', job_id: '{{job_id}}', job_type: 1, own: MARK },
}
const BODY = {
  job_complete: true,
  job_success: false,
  code: '2302',
  result: { ResultCode: '0811', ResultType: 'SAIA', IsFinalResult: 'true', ...PERSON },
  history: [{ ResultCode: '0810', ...PERSON }],
  image_links: { selfie_image: `{{origin}}/images/${MARK}.jpg`, liveness_image_1: `{{origin}}/images/${MARK}.jpg` },
  kyc_receipt: `{{origin}}/${MARK}`,
  more: MARK,
}

/** Every way of printing that asks for no more than what a value shows by itself. */
function printed(value) {
  return [
    inspect(value),
    inspect(value, { depth: null, showHidden: true, getters: true }),
    inspect({ inside: [value] }, { depth: 5 }),
    `${inspect(new Map([[value, value]]))}`,
  ].join('\n')
}

test('privacy', { timeout: 30_000 }, async (t) => {
  const sandbox = await startSandbox(t)
  const client = sandbox.client({ maxRetries: 0 })

  await t.test('statuses print their flags and code', async () => {
    const userId = fresh('user')
    await sandbox.tell(userId, 'job', { body: BODY })
    const status = await client.getJobStatus(userId, 'job', { returnHistory: true, returnImageLinks: true })
    assert.equal(inspect(status), "JobStatus { jobComplete: true, jobSuccess: false, code: '2302' }")
    const { result } = status
    assert.equal(inspect(result), "JobResult { resultCode: '0811', resultType: 'SAIA', isFinalResult: true }")
    assert.equal(inspect(result.idResponse), 'IdResponse {}')
    assert.equal(inspect(status.imageLinks), "ImageLinks { selfieImage: '[link]', livenessImages: 1 }")
    const views = [status, result, status.history, status.imageLinks, result.idResponse, result.antifraud]
    for (const view of [...views, result.partnerParams, result.antifraud.suspectUsers]) {
      assert.doesNotMatch(printed(view), new RegExp(MARK))
    }
    assert.match(JSON.stringify(status), new RegExp(MARK), 'asked for in JSON, everything is there')
  })

  await t.test('printing that bypasses inspect.custom shows only what the README lists', async () => {
    const [userId, jobId] = [fresh('user'), 'job']
    await sandbox.tell(userId, jobId, { body: BODY }, { body: BODY }, { body: BODY, sign: 'wrong' })
    const status = await client.getJobStatus(userId, jobId)
    const { value: outcome } = await client.pollMany([{ userId, jobId }]).next()
    const error = await client.getJobStatus(userId, jobId).catch((error) => error)
    assert.equal(error.code, 'SMILEID_SIGNATURE_MISMATCH')
    const pair = new Signature(sandbox.options.partnerId, sandbox.options.apiKey).generateSignature()
    const callback = client.verifyCallback(JSON.stringify({ ...BODY, kyb_receipt: MARK, ...pair }))
    // As assertions do, and console.dir and console.table in part.
    const bare = (value) => inspect(value, { customInspect: false, getters: true, depth: null })
    for (const value of [status, error, callback, client]) {
      assert.doesNotMatch(bare(value), new RegExp(MARK))
      assert.throws(() => assert.deepEqual(value, {}), ({ message }) => !message.includes(MARK))
    }
    const named = { results: status.result, 'image links': status.imageLinks, outcomes: outcome }
    const [bullet] = readFileSync(new URL('../../bindings-node/README.md', import.meta.url), 'utf8').match(/^\* \*\*Printing is safe.*(\n  .*)*/m)
    for (const [name, value] of Object.entries(named)) {
      assert.match(bare(value), new RegExp(MARK))
      assert.ok(bullet.includes(name), name)
    }
  })

  await t.test('clients and signatures print no key, and signed timestamps no signature', () => {
    const signature = new Signature('001', `${MARK}-key`)
    const pair = signature.generateSignature('2026-01-02T03:04:05.678Z')
    assert.equal(inspect(pair), "SignedTimestamp { timestamp: '2026-01-02T03:04:05.678Z' }")
    assert.ok(!printed(pair).includes(pair.signature) && JSON.stringify({ ...pair }).includes(pair.signature))
    for (const value of [client, signature, client.getJobStatus.bind(client)]) {
      assert.doesNotMatch(printed(value) + JSON.stringify(value), new RegExp(MARK))
    }
  })

  await t.test('errors print neither ids nor bodies', async () => {
    const userId = fresh('user')
    await sandbox.tell(userId, 'job', { body: BODY, sign: 'wrong' })
    await sandbox.tell(userId, `job-${MARK}`, { body: { ...BODY, job_complete: false } }, { body: BODY, sign: 'wrong' })
    const calls = [client.getJobStatus(userId, 'job'), client.pollJobStatus(userId, `job-${MARK}`, { initialDelayMs: 1 })]
    for (const { reason: error } of await Promise.allSettled(calls)) {
      assert.equal(error.code, 'SMILEID_SIGNATURE_MISMATCH')
      assert.match(error.raw.toString(), new RegExp(MARK))
      assert.match(error.userId, new RegExp(MARK))
      const all = [printed(error), JSON.stringify(error), `${error}`, error.stack, JSON.stringify(Object.entries(error))]
      assert.doesNotMatch(all.join('\n'), new RegExp(MARK))
      assert.doesNotMatch(printed(new AggregateError([error], 'many', { cause: error })), new RegExp(MARK))
    }
  })

  await t.test('callbacks, images and steps print codes, flags and types', async () => {
    const { partnerId, apiKey } = sandbox.options
    const pair = new Signature(partnerId, apiKey).generateSignature()
    const callback = client.verifyCallback(Buffer.from(JSON.stringify({ ...BODY.result, more: MARK, ...pair })))
    assert.equal(callback.bodyAuthenticated, false)
    assert.ok(callback.raw.toString().includes(MARK) && callback.raw !== callback.raw)
    assert.throws(() => (callback.history = []), TypeError)
    const linked = await client.getJobStatus(fresh('user'), 'images', { returnImageLinks: true })
    const images = await client.downloadImages(linked)
    assert.match(inspect(images[0]), /^Image \{ contentType: 'image\/(jpeg|png)' \}$/)
    assert.ok(Buffer.isBuffer(images[0].data) && images[0].file === null)
    const step = await client.pollStep(fresh('user'), 'never')
    const said = { code: '2302', result: MARK, kyc_receipt: MARK, kyb_receipt: MARK, user_id: MARK, job_id: MARK, more: { of: MARK } }
    const whole = client.verifyCallback(JSON.stringify({ job_complete: true, ...said, ...pair }))
    assert.deepEqual(whole.toJSON(), {
      ...{ bodyAuthenticated: false, userId: MARK, jobId: MARK, jobComplete: true, jobSuccess: null, code: '2302', message: MARK },
      ...{ result: null, history: [], imageLinks: null, kycReceipt: MARK, kybReceipt: MARK, ...pair },
      extras: { user_id: MARK, job_id: MARK, more: { of: MARK } },
    })
    for (const [name, value] of Object.entries(whole.toJSON())) assert.equal(whole[name], value, name)
    assert.equal(inspect(whole), "Callback { jobComplete: true, jobSuccess: null, code: '2302', result: null }")
    for (const value of [callback, callback.result, whole, images, step]) assert.doesNotMatch(printed(value), new RegExp(MARK))
    for (const value of [callback, whole]) assert.doesNotMatch(printed(value), new RegExp(pair.signature.replace(/[+/=]/g, '.')))
    await assert.rejects(client.downloadImages({}), { argument: 'status' })
  })

  await t.test("Node's report of an unhandled rejection names class, code and number, and nothing private", async () => {
    const userId = fresh('user')
    const program = `${IMPORT} await api.Client.fromEnv({ maxRetries: 0 }).getJobStatus('${userId}', 'wrong-user')`
    const { code, stderr, stdout } = await run(program, { sandbox })
    assert.equal(code, 1)
    assert.match(stderr, /ResponseMismatchError: /)
    assert.match(stderr, /code: 'SMILEID_RESPONSE_MISMATCH'/)
    assert.match(stderr, /number: 4005/)
    // The program's own text is on its command line, not in the report.
    assert.doesNotMatch(stdout + stderr, new RegExp(`${MARK}|another-user`))
  })
})
