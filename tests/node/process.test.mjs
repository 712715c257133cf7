// What the package does to the life of a process and of its worker threads.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fresh, IMPORT, run, startSandbox } from './sandbox.mjs'

const SILENT = { code: 0, signal: null, stdout: '', stderr: '' }

test('processes', { timeout: 120_000 }, async (t) => {
  const sandbox = await startSandbox(t)
  const worker = (body) => `
    import { Worker } from 'node:worker_threads'
    const source = ${JSON.stringify(`const api = require('../../bindings-node');(async () => {${body}})()`)}
    const start = () => new Worker(source, { eval: true, execArgv: [] })
    const ended = (worker) => new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
  `
  const silent = ({ ms, ...end }) => assert.deepEqual(end, SILENT)

  await t.test('a running call keeps it alive, an idle client does not', async () => {
    const program = `${IMPORT}
      const client = api.Client.fromEnv()
      client.getJobStatus('${fresh('user')}', 'slow-250ms').then((status) => console.log(status.jobComplete))`
    const { ms, stdout, ...end } = await run(program, { sandbox })
    assert.equal(stdout, 'true\n')
    assert.deepEqual(end, { code: 0, signal: null, stderr: '' })
    assert.ok(ms < 5000)
  })

  await t.test('every call keeps it alive to its end, by itself, and nothing keeps it alive afterwards', async () => {
    // No timer and no await at the top level: what is pending is only the library's.
    const pace = '{ initialDelayMs: 60, maxDelayMs: 60 }'
    const calls = {
      wait: `client.waitUntilComplete(user, 'pending-2', ${pace}).then((status) => status.jobComplete)`,
      step: `client.pollStep(user, 'slow-100ms').then((step) => step.status.jobComplete)`,
      images: `client.getJobStatus(user, 'images', { returnImageLinks: true }).then((status) => client.downloadImages(status))
        .then((images) => images.length > 1)`,
      watch: `(async () => { let seen = 0; for await (const _ of client.watchJobStatus(user, 'pending-2', ${pace})) seen++; return seen === 3 })()`,
      many: `(async () => {
        const jobs = [{ userId: user, jobId: 'complete' }, { userId: user, jobId: 'slow-100ms' }, { userId: user, jobId: 'pending-2' }]
        let seen = 0
        for await (const _ of client.pollMany(jobs, ${pace})) seen++
        return seen === 3
      })()`,
    }
    for (const [name, call] of Object.entries(calls)) {
      const program = `${IMPORT}
        const [client, user] = [api.Client.fromEnv(), '${fresh('user')}'];
        ${call}.then((well) => {
          console.log('${name}', well)
          // Should something keep it alive, this says so, and does not keep it alive itself.
          setTimeout(() => { console.log(process.getActiveResourcesInfo()); process.exit(9) }, 5000).unref()
        })`
      const { ms, ...end } = await run(program, { sandbox })
      assert.deepEqual(end, { code: 0, signal: null, stdout: `${name} true\n`, stderr: '' })
    }
  })

  // Windows limits none.
  if (process.platform !== 'win32') {
    await t.test('a process without descriptors is told so, and works as any other once it has some', async () => {
      const program = (starve) => `${IMPORT}
        import { closeSync, openSync, readdirSync } from 'node:fs'
        const client = api.Client.fromEnv()
        const user = '${fresh('user')}'
        const calls = () => [
          client.getJobStatus(user, 'complete'),
          client.pollJobStatus(user, 'complete'),
          client.waitUntilComplete(user, 'complete'),
          client.pollMany([{ userId: user, jobId: 'complete' }]).next().then(({ value }) => value.status),
        ]
        const all = []
        while (${starve}) {
          try {
            all.push(openSync('/dev/null'))
          } catch (error) {
            if (error.code === 'EMFILE') break
            throw error
          }
        }
        if (${starve}) {
          for (const { reason: error } of await Promise.allSettled(calls())) {
            console.log(error instanceof api.InternalError, error.code, error.message, error.cause instanceof api.UnderlyingError)
          }
        }
        all.forEach((descriptor) => closeSync(descriptor))
        await client.getJobStatus(user, 'complete')
        console.log(readdirSync('/dev/fd').length)
        for (const { value: status } of await Promise.allSettled(calls())) console.log(status.jobComplete)`
      const told = "the system gives the library no thread or no event queue; raise this process's limits"
      const { stdout: usual } = await run(program(false), { sandbox, descriptors: 200 })
      const { stdout, stderr, code } = await run(program(true), { sandbox, descriptors: 200 })
      assert.deepEqual([code, stderr], [0, ''])
      assert.match(usual, /^\d+\n(true\n){4}$/)
      // As many descriptors in use: queries are driven by Node's own loop all the same.
      assert.equal(stdout, `true SMILEID_INTERNAL ${told} true\n`.repeat(4) + usual)
    })
  }

  await t.test('an aborted call does not keep it alive', async () => {
    const program = `${IMPORT}
      const aborter = new AbortController()
      const { signal } = aborter
      const call = api.Client.fromEnv().getJobStatus('${fresh('user')}', 'stall', { signal, timeoutMs: null })
      setTimeout(() => aborter.abort(), 50)
      await call.catch(() => {})`
    const end = await run(program, { sandbox })
    silent(end)
    assert.ok(end.ms < 5000)
  })

  await t.test('process.exit with 50 calls in flight', async () => {
    for (const jobId of ['stall', 'never', 'complete', 'slow-20ms']) {
      const program = `${IMPORT}
        const client = api.Client.fromEnv({ maxConnections: 20 })
        for (let at = 0; at < 50; at++) client.pollJobStatus('${fresh('user')}-' + at, '${jobId}').catch(() => {})
        setTimeout(() => process.exit(0), 40)`
      silent(await run(program, { sandbox }))
    }
  })

  await t.test('an exit at once, and from inside a settled call', async () => {
    const begin = `${IMPORT} const call = api.Client.fromEnv().getJobStatus('${fresh('user')}', 'complete');`
    silent(await run(`${begin} process.exit(0)`, { sandbox }))
    silent(await run(`${begin} await call; process.exit(0)`, { sandbox }))
  })

  await t.test('workers with clients of their own, beside each other', async () => {
    const body = `
      const client = api.Client.fromEnv()
      const user = 'worker-' + require('node:worker_threads').threadId + '-${fresh('user')}'
      const ends = await Promise.all(Array.from({ length: 20 }, (_, at) =>
        client.pollJobStatus(user + at, 'pending-1', { initialDelayMs: 5 })))
      if (!ends.every((status) => status.jobComplete && status.result.resultCode === '0810')) process.exit(7)`
    const program = `${worker(body)}
      const codes = await Promise.all(Array.from({ length: 4 }, () => ended(start())))
      const again = await ended(start())
      process.exitCode = Math.max(...codes, again)`
    silent(await run(program, { sandbox }))
  })

  await t.test('workers ended from outside and inside with calls in flight', async () => {
    const body = `
      const client = api.Client.fromEnv()
      const user = 'worker-' + require('node:worker_threads').threadId + '-${fresh('user')}'
      for (let at = 0; at < 20; at++) client.pollJobStatus(user + at, at % 2 ? 'stall' : 'never').catch(() => {})
      if (require('node:worker_threads').threadId % 2) setTimeout(() => process.exit(0), 30)`
    const program = `${worker(body)}
      const workers = Array.from({ length: 6 }, start)
      await sleep(400)
      await Promise.all(workers.map((worker) => worker.terminate()))`
    silent(await run(program, { sandbox }))
  })

  await t.test('workers terminated while answers pour in', async () => {
    const body = `
      const client = api.Client.fromEnv()
      const user = 'worker-' + require('node:worker_threads').threadId + '-${fresh('user')}'
      const again = () => client.getJobStatus(user, 'complete').then((status) => status.history).then(again)
      for (let at = 0; at < 16; at++) again().catch(() => {})`
    const program = `${worker(body)}
      for (let round = 0; round < 6; round++) {
        const workers = [start(), start()]
        await sleep(120 + round * 17)
        await Promise.all(workers.map((worker) => worker.terminate()))
      }`
    silent(await run(program, { sandbox }))
  })

  await t.test('the main thread goes on after its workers are gone', async () => {
    const program = `${worker(`await api.Client.fromEnv().getJobStatus('${fresh('user')}', 'complete')`)}
      ${IMPORT.replace('import * as api from', 'const api = await import(').trimEnd()})
      await ended(start())
      const status = await api.Client.fromEnv().getJobStatus('${fresh('user')}', 'complete')
      process.exitCode = status.jobComplete ? 0 : 7`
    silent(await run(program, { sandbox }))
  })
})
