// Jobs that wait while others look at the process: `node --expose-gc hold.mjs FORM URL JOBS DELAY`.
//
// Forms: `many` (`pollMany`), `promises` (a `waitUntilComplete` for each job), `bare` (a promise that nobody settles, in an
// async function, and nothing of ours). `go`, `heap` and `stop` on the standard input say what is next.

import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const [form, url, jobsText, delayText] = process.argv.slice(2)
const [jobs, delay] = [Number(jobsText), Number(delayText) * 1000]
const ids = (n) => ({ userId: `5f0b1f6e-54a3-4c5e-9c1b-${String(n).padStart(12, '0')}`, jobId: `a3d1c9de-7b42-4f0a-8f6d-${String(n).padStart(12, '0')}` })
const numbers = (count) => Array.from({ length: count }, (_, n) => n)
// The caller's own, whatever waits for them.
const pairs = numbers(jobs).map(ids)

// What JavaScript holds.
function memory() {
  for (let n = 0; n < 3; n++) globalThis.gc()
  return process.memoryUsage().heapUsed
}

const forms = {
  bare: () => {
    const settles = []
    const wait = async () => await new Promise((_, reject) => settles.push(reject))
    return { start: () => pairs.map(wait), stop: () => settles.forEach((reject) => reject(new Error('stop'))) }
  },
  promises: () => {
    const { client, options, stop } = ours()
    return { start: () => pairs.map(({ userId, jobId }) => client.waitUntilComplete(userId, jobId, options)), stop }
  },
  many: () => {
    const { client, options, stop } = ours()
    const wait = async () => {
      for await (const { error } of client.pollMany(pairs, { ...options, maxWaiting: jobs })) throw error
    }
    return { start: () => [wait()], stop }
  },
}

let client
function ours() {
  // Without a signal, which would cost a listener for each.
  const options = { timeoutMs: null, initialDelayMs: delay, maxDelayMs: delay }
  return { client, options, stop: () => client.close() }
}

if (form !== 'bare') {
  const { Client } = createRequire(import.meta.url)('../../bindings-node')
  client = new Client({ partnerId: '001', apiKey: 'bench-key', baseUrl: `${url}/small` })
  // Connections and everything else that does not grow with the jobs.
  for await (const _ of client.pollMany(numbers(256).map(ids), { timeoutMs: 0 }));
}
const { start, stop } = forms[form]()
memory()
console.log('ready')
let before
let waits
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'go') {
    before = memory()
    waits = start().map((wait) => wait.then(() => false, () => true))
  } else if (line === 'heap') {
    console.log(JSON.stringify({ heap_bytes: memory() - before }))
  } else {
    const started = performance.now()
    stop()
    const cancelled = (await Promise.all(waits)).every(Boolean)
    if (!cancelled) throw new Error('a wait was over before it was cancelled')
    console.log(JSON.stringify({ cancel_all_ms: performance.now() - started }))
    break
  }
}
process.exit(0)
