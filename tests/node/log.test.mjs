// The log: the channel of node:diagnostics_channel.

import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'

import { fresh, IMPORT, MARK, run, startSandbox } from './sandbox.mjs'

test('the log', { timeout: 60_000 }, async (t) => {
  const sandbox = await startSandbox(t)
  const messages = []
  const listener = (message) => messages.push(message)

  await t.test('is silent without a subscriber, and again after it left', async () => {
    const client = sandbox.client()
    await client.getJobStatus(fresh('user'), 'complete')
    subscribe('smileid_jobs', listener)
    await client.getJobStatus(fresh('user'), 'complete')
    unsubscribe('smileid_jobs', listener)
    const count = messages.length
    assert.ok(count > 0)
    await client.getJobStatus(fresh('user'), 'complete')
    assert.equal(messages.length, count)
  })

  await t.test('tells of a call before the call ends, in order', async () => {
    const client = sandbox.client({ maxRetries: 1 })
    messages.length = 0
    subscribe('smileid_jobs', listener)
    await client.pollJobStatus(fresh('user'), 'pending-1', { initialDelayMs: 50 })
    const told = messages.splice(0)
    unsubscribe('smileid_jobs', listener)
    assert.deepEqual(told.map(({ message }) => message), ['answered', 'waiting', 'answered'])
    assert.ok(told.every(({ level, call }) => level === 'debug' && call === told[0].call && typeof call === 'number'))
    assert.deepEqual([told[0].attempt, told[0].jobComplete, told[2].attempt, told[2].jobComplete], [1, false, 2, true])
    assert.ok(told[1].delayMs > 0 && told[1].delayMs <= 50)
  })

  await t.test('holds nothing private: no key, id, link or signature', async () => {
    const client = sandbox.client({ maxRetries: 1 })
    messages.length = 0
    subscribe('smileid_jobs', listener)
    const user = fresh('user')
    const secrets = [sandbox.options.apiKey, MARK, sandbox.url]
    const seen = async (call) => {
      const status = await call.catch((error) => error.lastStatus)
      if (status) secrets.push(status.signature, status.timestamp)
    }
    for (const jobId of ['complete', 'images', 'flaky-503-1', 'unauthorized', 'bad-signature', 'html-502', 'truncated', 'no-zip', `job-${MARK}`]) {
      await seen(client.getJobStatus(user, jobId, { returnImageLinks: true, returnHistory: true }))
      await seen(client.waitUntilComplete(user, jobId, { retryCount: 1, initialDelayMs: 1, callbackUrl: `${sandbox.url}/receive/${user}` }))
    }
    const linked = await client.getJobStatus(user, 'images', { returnImageLinks: true })
    secrets.push(linked.signature, linked.imageLinks.selfieImage, ...linked.imageLinks.livenessImages)
    await client.downloadImages(linked)
    for await (const { status } of client.watchJobStatus(user, 'pending-1', { initialDelayMs: 1 })) secrets.push(status.signature)
    for await (const _ of client.pollMany([{ userId: user, jobId: 'pending-2' }, { userId: user, jobId: 'unauthorized' }], { initialDelayMs: 1 }));
    await client.pollStep(user, 'never')
    const lines = messages.map((message) => JSON.stringify(message))
    unsubscribe('smileid_jobs', listener)
    assert.ok(lines.length > 20, `${lines.length} lines`)
    for (const line of lines) for (const secret of secrets) assert.ok(!line.includes(secret), 'a line holds a secret')
  })

  await t.test('reaches every thread that subscribes, and a thread that ends leaves in peace', async () => {
    const program = `
      import { Worker } from 'node:worker_threads'
      const source = ${JSON.stringify(`
        const { Client } = require('../../bindings-node')
        const { parentPort } = require('node:worker_threads')
        require('node:diagnostics_channel').subscribe('smileid_jobs', ({ message }) => parentPort.postMessage(message))
        Client.fromEnv().getJobStatus('${fresh('user')}', 'complete')`)}
      const once = () => new Promise((resolve) => {
        const told = []
        const worker = new Worker(source, { eval: true, execArgv: [] })
        worker.on('message', (message) => told.push(message)).on('exit', () => resolve(told))
      })
      const all = await Promise.all([once(), once(), once()])
      ${IMPORT.replace('import * as api from', 'const api = await import(').trimEnd()})
      const status = await api.Client.fromEnv().getJobStatus('${fresh('user')}', 'complete')
      console.log(all.every((told) => told.includes('answered')), status.jobComplete)`
    const { ms, ...end } = await run(program, { sandbox })
    assert.deepEqual(end, { code: 0, signal: null, stdout: 'true true\n', stderr: '' })
  })
})
