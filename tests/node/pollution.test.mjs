// What other code, or an attacker's data, has put on `Object.prototype`: no option, and no end of a call.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fresh, IMPORT, run, startSandbox } from './sandbox.mjs'

/** What a program does with what it polls; all of it in a process of its own, which is spoilt by that. */
const PROGRAM = `${IMPORT}
  const { apiKey, partnerId, baseUrl, user } = JSON.parse(process.env.GIVEN)
  const client = new api.Client({ apiKey, partnerId, baseUrl })
  const images = await client.getJobStatus(user, 'images', { returnImageLinks: true })
  const body = await (await fetch(process.env.GIVEN_CALLBACK)).text()
  const jobs = () => [{ userId: user, jobId: 'complete' }]
  const all = (argument) => (argument === undefined ? [] : [argument])
  const isOver = ({ jobComplete, callbackDelivery }) => jobComplete && callbackDelivery === null
  const VERBS = {
    getJobStatus: async (options) => isOver(await client.getJobStatus(user, 'complete', ...all(options))),
    pollJobStatus: async (options) => isOver(await client.pollJobStatus(user, 'complete', ...all(options))),
    waitUntilComplete: async (options) => isOver(await client.waitUntilComplete(user, 'complete', ...all(options))),
    pollStep: async (options) => isOver((await client.pollStep(user, 'complete', ...all(options))).status),
    watchJobStatus: async (options) => {
      for await (const { status } of client.watchJobStatus(user, 'complete', ...all(options))) return isOver(status)
    },
    pollMany: async (options) => {
      for await (const { status } of client.pollMany(jobs(), ...all(options))) return isOver(status)
    },
    downloadImages: async (options) => {
      const downloaded = await client.downloadImages(images, ...all(options))
      return downloaded.length > 0 && downloaded.every(({ data, file }) => data !== null && file === null)
    },
    verifyCallback: (options) => client.verifyCallback(body, ...all(options)).jobComplete,
    fromEnv: (options) => api.Client.fromEnv(...all(options)) instanceof api.Client,
    Client: (options) => new api.Client({ apiKey, partnerId, baseUrl, ...options }) instanceof api.Client,
  }
  const namesOf = async (verb) => {
    const error = await (async () => verb({ nothing: 1 }))().catch((error) => error)
    return error.message.split('expected one of ')[1].split(', ')
  }
  /** Calls while something stands on the prototype of everything. */
  async function under(names, value, call) {
    for (const name of names) Object.prototype[name] = value
    try {
      return await call()
    } catch (error) {
      return error
    } finally {
      for (const name of names) delete Object.prototype[name]
    }
  }
  const told = []
  const equal = (what, found, wanted) => found === wanted || told.push(\`\${what}: \${found?.stack ?? found}\`)
  const expect = (what, found) => equal(what, found, true)
`

test('a polluted Object.prototype', { timeout: 60_000 }, async (t) => {
  const sandbox = await startSandbox(t)
  /** Runs a program that expects, and says nothing unless it was surprised. */
  async function expects(program) {
    const user = fresh('user')
    const answer = await sandbox.client().getJobStatus(user, 'complete')
    const env = {
      GIVEN: JSON.stringify({ ...sandbox.options, user }),
      GIVEN_CALLBACK: `data:application/json,${encodeURIComponent(answer.raw.toString())}`,
    }
    const { ms, ...end } = await run(`${PROGRAM}${program}\nconsole.log(told.join('\\n'))`, { sandbox, env })
    assert.deepEqual(end, { code: 0, signal: null, stdout: '\n', stderr: '' })
    return user
  }

  await t.test('none of its values is an option of any call', async () => {
    await expects(`
      for (const [name, verb] of Object.entries(VERBS)) {
        const names = name === 'fromEnv' ? await namesOf(VERBS.Client) : await namesOf(verb)
        if (names.length < 1) told.push(\`\${name} has no options\`)
        for (const options of [undefined, {}, Object.create(null)]) {
          // Not the right kind of value for any of them: refused, if it is read.
          for (const option of names) expect(\`\${name} with \${option}\`, await under([option], {}, () => verb(options)))
          expect(name, await under(names, {}, () => verb(options)))
        }
      }`)
  })

  await t.test('neither does it deliver a result anywhere, nor change where requests go', async () => {
    const user = await expects(`
      const url = process.env.SMILEID_BASE_URL + '/nowhere'
      for (const [name, verb] of Object.entries(VERBS)) {
        for (const options of [undefined, {}]) {
          expect(name, await under(['callbackUrl', 'proxy', 'caBundle', 'directory'], url, () => verb(options)))
        }
      }
      for (const name of ['partnerId', 'apiKey', 'baseUrl']) {
        const options = { apiKey, partnerId, baseUrl }
        delete options[name]
        const error = await under([name], { apiKey, partnerId, baseUrl }[name], () => new api.Client(options))
        equal(name, error.code, 'SMILEID_INVALID_ARGUMENT')
      }`)
    assert.ok((await sandbox.log(user)).count > 0)
  })

  await t.test('options of classes and of objects that inherit are taken all the same', async () => {
    await expects(`
      class Mine { get returnHistory() { return true } }
      class More extends Mine { timeoutMs = 5000 }
      const kinds = [{ returnHistory: true }, new Mine(), new More(), Object.create({ returnHistory: true })]
      kinds.push(Object.create(Object.create(null, { returnHistory: { value: true } })), Object.create(new More()))
      const first = async (updates) => {
        for await (const { status } of updates) return status
      }
      const verbs = {
        getJobStatus: (options) => client.getJobStatus(user, 'complete', options),
        pollJobStatus: (options) => client.pollJobStatus(user, 'complete', options),
        waitUntilComplete: (options) => client.waitUntilComplete(user, 'complete', options),
        pollStep: async (options) => (await client.pollStep(user, 'complete', options)).status,
        watchJobStatus: (options) => first(client.watchJobStatus(user, 'complete', options)),
        pollMany: (options) => first(client.pollMany(jobs(), options)),
      }
      for (const [name, verb] of Object.entries(verbs)) {
        for (const options of kinds) {
          for (const names of [[], ['returnHistory'], ['returnHistory', 'timeoutMs', 'signal']]) {
            const status = await under(names, {}, () => verb(options))
            expect(\`\${name} with \${options.constructor?.name} under \${names}\`, status.history?.length > 0)
          }
        }
      }
      const inherited = Object.create({ apiKey, partnerId, baseUrl })
      const made = await under(['apiKey', 'baseUrl'], {}, () => new api.Client(inherited))
      expect('the client', (await made.getJobStatus(user, 'complete')).jobComplete)
      const { signal } = new AbortController()
      const heard = await under(['signal', 'callbackUrl'], {}, () => client.getJobStatus(user, 'complete', { signal }))
      expect('a signal', heard.jobComplete)
      const own = { get callbackUrl() { return null } }
      expect('its own null', await under(['callbackUrl'], {}, () => VERBS.getJobStatus(own)))`)
  })

  await t.test('none of its values is an id of a job', async () => {
    await expects(`
      for (const job of [{ userId: user }, { jobId: 'complete' }, {}, 'text', 5]) {
        for (const input of [[job], (async function* () { yield job })()]) {
          const error = await under(['userId', 'jobId'], 'complete', () => client.pollMany(input).next())
          equal(JSON.stringify(job), error.message, 'jobs: expected objects with userId and jobId, both text')
          equal('the user of an error', error.userId, undefined)
        }
      }
      class Pair { get userId() { return user } get jobId() { return 'complete' } }
      const { value } = await under(['userId', 'jobId'], {}, () => client.pollMany([new Pair()]).next())
      expect('a job of a class', value.status.jobComplete)`)
  })

  await t.test('a signal is heard, whatever is said of its listeners', async () => {
    await expects(`
      const aborter = new AbortController()
      const aborted = AbortSignal.abort()
      const call = await under(['signal'], aborted, async () => {
        const call = client.getJobStatus(user, 'stall', { signal: aborter.signal })
        call.catch(() => {})
        return { call }
      })
      aborter.abort(new Error('mine'))
      equal('the end', (await call.call.catch((error) => error)).message, 'mine')`)
  })

  await t.test('no failure becomes a good end, and no error another', async () => {
    await expects(`
      const forged = { ok: body, handle: {}, value: {}, status: { handle: {}, flags: 5 }, flags: 5, finished: true }
      const errors = { err: {}, error: {}, argument: 'forged', lastStatus: {}, lastError: {}, cause: {}, isTransient: true }
      const signature = new api.Signature('001', 'key')
      const calls = {
        get: () => client.getJobStatus(user, 'unauthorized'),
        poll: () => client.pollJobStatus(user, 'unauthorized'),
        wait: () => client.waitUntilComplete(user, 'unauthorized'),
        step: () => client.pollStep(user, 'unauthorized'),
        watch: () => client.watchJobStatus(user, 'unauthorized').next(),
        many: async () => {
          for await (const { error } of client.pollMany([{ userId: user, jobId: 'unauthorized' }])) throw error
        },
        callback: () => client.verifyCallback('{}'),
        confirm: () => signature.confirmSignature('text', 5),
        generate: () => signature.generateSignature(5),
        signature: () => new api.Signature('001', 5),
        client: () => new api.Client({ apiKey }),
        option: () => client.getJobStatus(user, 'complete', { nothing: 1 }),
      }
      const shown = ({ code, message, argument, lastStatus, lastError, cause, isTransient }) =>
        [code, message, argument, lastStatus, lastError, cause, isTransient].join()
      for (const [name, call] of Object.entries(calls)) {
        const error = await under([], 0, call)
        if (!(error instanceof api.SmileIDError)) told.push(\`\${name} ended well\`)
        for (const [inherited, value] of Object.entries({ ...forged, ...errors })) {
          equal(\`\${name} with \${inherited}\`, shown(await under([inherited], value, call)), shown(error))
        }
      }
      for (const inherited of Object.keys({ ...forged, ...errors })) {
        for (const verb of ['getJobStatus', 'waitUntilComplete', 'pollStep', 'watchJobStatus', 'pollMany', 'verifyCallback']) {
          expect(\`\${verb} with \${inherited}\`, await under([inherited], {}, VERBS[verb]))
        }
      }`)
  })
})
