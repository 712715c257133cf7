// The log: the channel of node:diagnostics_channel.

import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'

import { Client, Signature } from '../../bindings-node/dist/index.mjs'
import { fresh, IMPORT, MARK, run, startSandbox } from './sandbox.mjs'

/** How many events wait for a thread that is too busy to listen: bindings-node/README.md. */
const MOST_EVENTS = 4096

/** Starts a program that finds no CA certificates, where this user may hide them. */
const HIDE = '[ ! -d /etc/ssl ] || mount -t tmpfs none /etc/ssl || exit 1; [ ! -d /etc/pki ] || mount -t tmpfs none /etc/pki || exit 1; exec "$@"'
const BARE = ['--user', '--map-root-user', '--mount', 'sh', '-c', HIDE, 'sh']

function canHideCertificates() {
  try {
    execFileSync('unshare', [...BARE, 'true'], { stdio: 'ignore', timeout: 10_000 })
    return true
  } catch {
    return false
  }
}

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

  await t.test('hears what happens while a pollMany reads an input that blocks', async () => {
    // Nobody listened when it was made.
    const client = sandbox.client()
    messages.length = 0
    subscribe('smileid_jobs', listener)
    function* blocking() {
      yield { userId: fresh('user'), jobId: 'complete' }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
    }
    for await (const { status } of client.pollMany(blocking())) assert.ok(status.jobComplete)
    for (const end = Date.now() + 5000; messages.length === 0 && Date.now() < end; ) await sleep(5)
    unsubscribe('smileid_jobs', listener)
    assert.deepEqual(messages.map(({ message }) => message), ['answered'])
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
    const step = await client.pollStep(user, 'never')
    secrets.push(step.token)
    await assert.rejects(client.pollStep(user, 'complete', { token: step.token }), { code: 'SMILEID_TOKEN_MISMATCH' })
    const directory = mkdtempSync(join(tmpdir(), MARK))
    await client.downloadImages(linked, { directory })
    await assert.rejects(client.downloadImages(linked, { directory }), { code: 'SMILEID_IO' })
    rmSync(directory, { recursive: true })
    for (const [wrong, code] of [['status-403', 'SMILEID_IMAGE_LINK_EXPIRED'], ['page', 'SMILEID_IMAGE_REFUSED'], ['flaky-500-9', 'SMILEID_SERVER']]) {
      const selfie_image = `{{origin}}/images/${wrong}/${MARK}.jpg`
      await sandbox.tell(user, wrong, { body: { job_complete: true, image_links: { selfie_image } } })
      const status = await client.getJobStatus(user, wrong, { returnImageLinks: true })
      await assert.rejects(client.downloadImages(status, { refresh: true }), { code })
    }
    const pair = new Signature(sandbox.options.partnerId, sandbox.options.apiKey).generateSignature()
    secrets.push(pair.timestamp, pair.signature)
    client.verifyCallback(Buffer.from(JSON.stringify({ FullName: MARK, ...pair })))
    assert.throws(() => client.verifyCallback(Buffer.from(JSON.stringify({ FullName: MARK, ...pair, signature: 'AAAA' }))))
    client.notify(user, 'complete')
    for (const told of ['answered', 'failed', 'retrying', 'waiting', 'delivered the callback']) {
      assert.ok(messages.some(({ message }) => message === told), `${told} was not logged`)
    }
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

  await t.test('a subscriber that blocks its thread stops no call and hears how much it missed', async () => {
    // A worker hears the same events and counts them, so that the blocked thread knows when all have happened.
    const source = `
      const { workerData, parentPort } = require('node:worker_threads')
      const heard = new Int32Array(workerData.heard)
      require('node:diagnostics_channel').subscribe('smileid_jobs', ({ message, count }) => {
        Atomics.add(heard, 0, message === 'events were dropped' ? count : 1)
        Atomics.notify(heard, 0)
      })
      new (require('../../bindings-node').Client)({ partnerId: '1', apiKey: 'k', baseUrl: 'http://127.0.0.1:9' })
      parentPort.on('message', () => process.exit(0))
      parentPort.postMessage('ready')`
    const shared = new SharedArrayBuffer(4)
    const heard = new Int32Array(shared)
    const worker = new Worker(source.replace('../../bindings-node', join(import.meta.dirname, '../../bindings-node')), {
      eval: true, execArgv: [], workerData: { heard: shared },
    })
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))

    // Nobody listens there: every attempt fails at once, as one that passes. Each says so, and each but the last waits.
    const [calls, retryCount] = [16, 499]
    const expected = calls * (2 * retryCount + 1)
    const client = new Client({ partnerId: '1', apiKey: 'k', baseUrl: 'http://127.0.0.1:9', maxRetries: 0 })
    const told = []
    let blocked = false
    const slow = (message) => {
      told.push(message)
      if (blocked) return
      blocked = true
      const end = Date.now() + 40_000
      for (let now = 0; (now = Atomics.load(heard, 0)) < expected && Date.now() < end; ) Atomics.wait(heard, 0, now, 1000)
    }
    subscribe('smileid_jobs', slow)
    const options = { retryCount, initialDelayMs: 1, maxDelayMs: 1 }
    const ends = await Promise.allSettled(Array.from({ length: calls }, () => client.pollJobStatus('u', 'j', options)))
    assert.equal(Atomics.load(heard, 0), expected, 'all of it happened while this thread was blocked')
    assert.ok(ends.every(({ reason }) => reason.code === 'SMILEID_CONNECT' && reason.attempts === retryCount + 1))
    const lost = told.filter(({ message }) => message === 'events were dropped')
    const count = lost.reduce((sum, message) => sum + message.count, 0)
    assert.equal(told.length - lost.length + count, expected, 'what is not heard is counted')
    assert.deepEqual([lost.length, lost[0].level], [1, 'warn'])
    // The first batch, which the subscriber was blocked in, and a full queue.
    const first = told.length - 1 - MOST_EVENTS
    assert.ok(first > 0 && count === expected - first - MOST_EVENTS, `${first} heard before, ${count} lost`)

    // It goes on as if nothing had been.
    told.length = 0
    await sandbox.client().getJobStatus(fresh('user'), 'complete')
    assert.deepEqual(told.map(({ message }) => message), ['answered'])
    unsubscribe('smileid_jobs', slow)
    worker.postMessage('end')
    await new Promise((resolve) => worker.once('exit', resolve))
  })

  await t.test('a warning that comes up when a client is made is heard', async () => {
    const program = `
      const { Client } = require('../../bindings-node')
      require('node:diagnostics_channel').subscribe('smileid_jobs', ({ level, message }) => console.log(level, message))
      for (let at = 0; at < 2; at++) new Client({ partnerId: '001', apiKey: 'key', environment: 'sandbox' })
      setTimeout(() => {}, 50)`
    const env = { ...process.env }
    for (const name of Object.keys(env)) if (/^(SSL_CERT_|NODE_EXTRA_CA_CERTS)/.test(name)) delete env[name]
    // Where they cannot be hidden, there is nothing to warn of.
    const hides = canHideCertificates()
    const [command, ...words] = [...(hides ? ['unshare', ...BARE] : []), process.execPath, '--eval', program]
    const { stdout, stderr } = await promisify(execFile)(command, words, { env, cwd: import.meta.dirname, timeout: 15_000 })
    const warning = hides ? 'warn this machine has no CA certificates; using the bundled ones\n' : ''
    assert.deepEqual([stdout, stderr], [warning, ''])
  })
})
