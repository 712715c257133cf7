// How soon an abort of a signal rejects: `cancel.mjs URL`. Prints one JSON line of [p50, p99] in ms.

import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'

const ROUNDS = 300
const url = process.argv[2]
const { Client } = createRequire(import.meta.url)('../../bindings-node')

async function latencies(client) {
  const taken = []
  for (let n = 0; n < ROUNDS; n++) {
    const abort = new AbortController()
    const wait = client.waitUntilComplete('user', `job-${n}`, { initialDelayMs: 20_000, signal: abort.signal })
    const ended = wait.then(() => undefined, () => performance.now())
    await sleep(10)
    const started = performance.now()
    abort.abort()
    const at = await ended
    if (at === undefined || at < started) throw new Error('the wait was over before it was cancelled')
    taken.push(at - started)
  }
  return taken.sort((a, b) => a - b)
}

const told = {}
for (const [name, path] of [['in flight', 'small-60000'], ['sleeping', 'small']]) {
  const client = new Client({ partnerId: '001', apiKey: 'bench-key', baseUrl: `${url}/${path}` })
  const taken = await latencies(client)
  told[name] = [taken[ROUNDS / 2], taken[Math.floor(ROUNDS * 0.99)]]
  client.close()
}
console.log(JSON.stringify(told))
