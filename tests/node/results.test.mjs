// Results are read from what came, and told by the core where that says something else. A callback's results are told in
// full: both must say the same of any answer.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import { fresh, IMPORT, REPOSITORY, run, startSandbox } from './sandbox.mjs'

const native = createRequire(import.meta.url)('../../bindings-node/native.cjs')

const TEXTS = ['SmileJobID', 'ResultCode', 'ResultText', 'ResultType', 'Source', 'JSONVersion', 'timestamp', 'signature']
const OTHERS = ['IsFinalResult', 'IsMachineResult', 'ConfidenceValue', 'Actions', 'PartnerParams', 'Antifraud', 'Unknown']
const ID = `Country IDType IDNumber SecondaryIDNumber Secondary_ID_Number ExpirationDate IssuanceDate FullName FirstName
  LastName OtherName OtherNames DOB Gender Address PhoneNumber PhoneNumber2 Email Nationality Photo Document IsAlive
  IDNumberPreviouslyRegistered UserIDsOfPreviousRegistrants FullData`.split(/\s+/)
const PARAMS = ['user_id', 'job_id', 'job_type', 'branch', '__proto__']

/** JSON texts of every kind that a key may have. */
const VALUES = `0 -0 7 -7 7.0 7.50 -0.0 1e2 1E400 0.1 123456789012345 1234567890123456 9007199254740993 -9007199254740993
  12345678901234567890.5 null true false [] [[]] {} {"a":{"b":[1,"c",null]}} {"__proto__":1} [1] ["a"] ["a",1,"b"] [{}]
  {"a":1e400} {"a":["\\ud800"]} [12345678901234567890] "" "0" "7" "007" "-7" "+7" "7.0" "7.50" ".5" "5." "." "1e2" "0x10"
  "Infinity" "inf" "NaN" "1_000" "12345678901234567890" "true" "false" "TRUE" "tru\\u0065" "null" "text" "\\n\\/\\"\\\\"
  "\\u00e9é\\u1ecd" "\\ud83d\\ude00" "😀" "\\ud800" "\\udc00x" "\\uD83D"`.split(/\s+/)
// What has a space in it.
VALUES.push('" 7"', '"7 "', '" true"', '[ 1 , 2 ]', '{ "a" : [ ] }', '{\n\t"user_id"\r: "a" }')

const PAIRS = [
  '"OtherName":"a","OtherNames":"b"',
  '"OtherNames":"b","OtherName":"a"',
  '"Secondary_ID_Number":1,"SecondaryIDNumber":null',
  '"ResultCode":1,"ResultCode":"2"',
  '"ResultCode":"2","ResultCode":1',
  '"Country":"a","Country":7',
  '"Result\\u0043ode":"a"',
  '"\\ud800":1,"Source":"a"',
  '"7":1,"3":2,"ResultCode":"a","toString":"b","constructor":null,"hasOwnProperty":1',
  '"__proto__":{"ResultCode":"a"}',
  '"Antifraud":{"summary":{"fraud_detected":"true","fraud_sources":["a",1]},"smile_secure":{"ResultCode":1}}',
  '"Antifraud":{"SuspectUsers":[{"user_id":1,"reasons":["a"]},7]},"FullName":"a","Source":1',
]

function* results() {
  for (const value of VALUES) {
    for (const key of [...TEXTS, ...OTHERS, ...ID]) yield `{"${key}":${value}}`
    for (const key of PARAMS) yield `{"PartnerParams":{"${key}":${value},"more":1}}`
    yield value
  }
  for (const pair of PAIRS) {
    yield `{${pair}}`
    yield ` { "ResultCode" : "1" , ${pair} } `
    yield `{"PartnerParams":{${pair}}}`
  }
}

const body = (rest) => `{"job_complete":true,"code":"2302","timestamp":"{{timestamp}}","signature":"{{signature}}",${rest}}`

test('results', { timeout: 60_000 }, async (t) => {
  const sandbox = await startSandbox(t)
  const client = sandbox.client()
  const answered = async (body_text) => {
    const userId = fresh('user')
    await sandbox.tell(userId, 'job', { body_text })
    return client.getJobStatus(userId, 'job')
  }

  await t.test('are read as the core reads them, whatever stands in an answer', async () => {
    const all = [...results()]
    const status = await answered(body(`"history":[${all.join(',')}]`))
    const { history } = client.verifyCallback(status.raw)
    assert.equal(status.history.length, history.length)
    assert.ok(history.length > 3000)
    status.history.forEach((entry, at) => assert.deepStrictEqual(entry, history[at]))
    assert.equal({}.ResultCode, undefined)
  })

  await t.test('and so are those of all vectors', async () => {
    const vectors = JSON.parse(readFileSync(`${REPOSITORY}tests/vectors/decode.json`, 'utf8'))
    let compared = 0
    for (const { body_text } of vectors) {
      const status = body_text && (await answered(body_text.replace(/"\{\{(user|job)_id\}\}"/g, 'null')).catch(() => null))
      if (!status?.result) continue
      const callback = client.verifyCallback(status.raw)
      assert.deepStrictEqual([status.result, status.history], [callback.result, callback.history], body_text)
      compared += 1
    }
    assert.ok(compared > 50, `${compared}`)
  })

  await t.test('and so are those of a form that was met before', async (t) => {
    const told = []
    const { statusResult } = native
    t.after(() => (native.statusResult = statusResult))
    native.statusResult = (handle) => {
      told.push(statusResult(handle))
      return told.at(-1)
    }
    const plain = { ResultCode: '"0810"', IsFinalResult: '"true"', ConfidenceValue: '"99"', Unknown: '"a"', 7: '"b"' }
    const id = { FullName: '"Ọmọ"', IsAlive: 'true', Address: 'null' }
    const entry = (over) => {
      const params = { user_id: 'null', job_type: '"1"', branch: '"c"' }
      const texts = { ...plain, ...id, Actions: '{"b":"c","a":"d"}', PartnerParams: members({ ...params, ...over.params }) }
      return body(`"result":${members({ ...texts, ...over })}`)
    }
    const members = ({ params: _, ...texts }) => `{${Object.entries(texts).map(([key, text]) => `"${key}":${text}`)}}`
    const longs = [11, 12, 13, 14, 300, 2100, 8200].flatMap((length) => [`"${'x'.repeat(length)}"`, `"${'é'.repeat(length)}"`])
    const isInParts = (text) => /^\[\d/.test(text)
    // Where many differed, as above, it takes a while.
    for (let n = 0; n < 200 && !isInParts(told.at(-1)); n++) {
      assert.equal((await answered(entry({}))).result.resultCode, '0810')
    }
    for (const value of [...VALUES, ...longs]) {
      const overs = [...Object.keys(plain), ...Object.keys(id), 'Actions'].map((key) => ({ [key]: value }))
      for (const over of [...overs, ...['job_type', 'branch'].map((key) => ({ params: { [key]: value } }))]) {
        const status = await answered(entry(over))
        const { result } = client.verifyCallback(status.raw)
        assert.deepStrictEqual(status.result, result, JSON.stringify(over))
        assert.equal(JSON.stringify(status.result), JSON.stringify(result))
        // Nobody else has it.
        status.result.fields.ResultCode = status.result.actions.b = 'changed'
      }
    }
    const inParts = told.filter(isInParts).length
    assert.ok(inParts > 300 && inParts < told.length - 100, `${inParts} of ${told.length}`)
  })

  await t.test('and no value that is kept keeps the others', async () => {
    const userId = fresh('user')
    const values = Object.fromEntries(['x', 'y', 'z'].map((name) => [name, name.repeat(500)]))
    const short = { ResultCode: 'x'.repeat(12), Actions: { a: 'x'.repeat(13) }, FullName: 'é'.repeat(20), DOB: 'x'.repeat(40) }
    await sandbox.tell(userId, 'job', { body_text: body(`"result":${JSON.stringify({ ...values, ...short })}`) })
    const program = `
      ${IMPORT}
      import { createRequire } from 'node:module'
      const native = createRequire('${import.meta.url}')('../../bindings-node/native.cjs')
      const { statusResult } = native
      let inParts = 0
      native.statusResult = (handle) => {
        const text = statusResult(handle)
        inParts += /^\\[\\d/.test(text)
        return text
      }
      const client = api.Client.fromEnv()
      const kept = []
      const keep = async (count) => {
        for (let n = 0; n < count; n++) {
          const { resultCode, actions, idResponse } = (await client.getJobStatus('${userId}', 'job')).result
          kept.push([resultCode, actions.a, idResponse.fullName, idResponse.dob])
        }
        await new Promise(setImmediate)
        gc()
        return process.memoryUsage().heapUsed
      }
      const before = await keep(50)
      console.log(((await keep(1000)) - before) / 1000, inParts, kept.flat().join('').length)
      client.close()`
    const { stdout, stderr } = await run(program, { sandbox, flags: ['--expose-gc', '--input-type=module'] })
    const [bytes, inParts, letters] = stdout.split(' ').map(Number)
    assert.deepEqual([inParts, letters], [1048, 1050 * 85], stderr)
    assert.ok(bytes < 1000, `${bytes} for each result`)
  })

  await t.test('and no key meets what all objects have', async () => {
    const userId = fresh('user')
    const names = Object.getOwnPropertyNames(Object.prototype)
    for (const name of names) await sandbox.tell(userId, name, { body_text: body(`"result":{"${name}":"a"}`) })
    const program = `
      ${IMPORT}
      const client = api.Client.fromEnv()
      const names = Object.getOwnPropertyNames(Object.freeze(Object.prototype))
      for (const name of names) {
        // Often enough for a form to be kept, whatever was met before.
        for (let n = 0; n < 100; n++) {
          const { fields } = (await client.getJobStatus('${userId}', name)).result
          if (!Object.hasOwn(fields, name) || fields[name] !== 'a') throw new Error(name)
        }
      }
      console.log(names.length)
      client.close()`
    const { stdout, stderr } = await run(program, { sandbox })
    assert.equal(stdout, `${names.length}\n`, stderr)
  })

  await t.test('are frozen and have one shape of keys, whoever read them', async () => {
    const texts = ['{"ResultCode":"1","FullName":"a","PartnerParams":{}}', '{"ResultCode":1,"DOB":7,"PartnerParams":[],"Antifraud":{}}']
    const { history } = await answered(body(`"history":[${texts.join(',')}]`))
    assert.deepEqual(Object.keys(history[0]), Object.keys(history[1]))
    assert.deepEqual(Object.keys(history[0].idResponse), Object.keys(history[1].idResponse))
    for (const part of [history, ...history, history[0].partnerParams, history[1].antifraud, history[1].idResponse]) {
      assert.ok(Object.isFrozen(part))
    }
  })

  await t.test('are none where there is no object', async () => {
    for (const nothing of ['{}', '{ }', 'null', '[]', '[{"a":1}]', '"text"', '7']) {
      const status = await answered(body(`"result":${nothing},"history":${nothing === '[{"a":1}]' ? '{}' : nothing}`))
      assert.equal(status.result, null, nothing)
      assert.deepEqual(status.history, [], nothing)
      assert.ok(Object.isFrozen(status.history))
    }
    const without = await answered(body('"x":1'))
    assert.deepEqual([without.result, without.history], [null, []])
  })
})
