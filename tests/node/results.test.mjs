// Results are read from what came, and told by the core where that says something else. A callback's results are told in
// full: both must say the same of any answer.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { fresh, REPOSITORY, startSandbox } from './sandbox.mjs'

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
