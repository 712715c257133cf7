// One Node subject: `subject.mjs SUBJECT URL CONCURRENCY SECONDS [CA_FILE]`.
//
// All do the same work: sign, post, verify, parse. When it is warm it says `ready`; each line on its standard input opens
// one window, which ends with one JSON line. The just-in-time compiler is warm by then: fewer requests would flatter
// whoever runs less JavaScript.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

import { readAll } from './reading.mjs'

const [PARTNER_ID, API_KEY, USER_ID, JOB_ID] = ['001', 'bench-key', 'user-1', 'job-1']
const [WARM_UP, WARM_UP_MS] = [10_000, 3_000]
const [name, url, concurrencyText, secondsText, caFile] = process.argv.slice(2)
const [concurrency, seconds] = [Number(concurrencyText), Number(secondsText)]
// Peers stand in a folder of their own, and so does our built package.
const peer = createRequire(process.env.BENCH_PEERS)
const endpoint = `${url}/v1/job_status`

const sign = (timestamp) =>
  createHmac('sha256', API_KEY).update(timestamp).update(PARTNER_ID).update('sid_request').digest('base64')

function query() {
  const timestamp = new Date().toISOString()
  const pair = { timestamp, signature: sign(timestamp) }
  return { ...pair, partner_id: PARTNER_ID, user_id: USER_ID, job_id: JOB_ID, image_links: false, history: false }
}

function verify({ timestamp, signature }) {
  if (!timingSafeEqual(Buffer.from(signature), Buffer.from(sign(timestamp)))) throw new Error('wrong signature')
}

const SUBJECTS = {
  ours: () => ours(() => {}),
  'ours-decoded': () => ours(readAll),
  sdk() {
    const { Utilities } = peer('smile-identity-core')
    const utilities = new Utilities(PARTNER_ID, API_KEY, 0)
    // The SDK forces https onto its server's name; nothing else of it is changed.
    utilities.url = `${url}/v1`
    return () => utilities.get_job_status(USER_ID, JOB_ID)
  },
  undici() {
    const { Pool } = peer('undici')
    const where = new URL(endpoint)
    const connect = caFile ? { ca: readFileSync(caFile) } : undefined
    const pool = new Pool(where.origin, { connections: concurrency, pipelining: 1, connect })
    const headers = { 'content-type': 'application/json' }
    return async () => {
      const { body } = await pool.request({ path: where.pathname, method: 'POST', headers, body: JSON.stringify(query()) })
      verify(await body.json())
    }
  },
  axios() {
    const axios = peer('axios')
    const { Agent } = peer(url.startsWith('https') ? 'node:https' : 'node:http')
    const agent = new Agent({ keepAlive: true, maxSockets: concurrency })
    const client = axios.create({ httpAgent: agent, httpsAgent: agent, proxy: false })
    return async () => verify((await client.post(endpoint, query())).data)
  },
}

function ours(look) {
  const { Client } = createRequire(import.meta.url)('../../bindings-node')
  const client = new Client({ partnerId: PARTNER_ID, apiKey: API_KEY, baseUrl: url, maxConnections: concurrency, caBundle: caFile })
  return async () => look(await client.getJobStatus(USER_ID, JOB_ID))
}

async function run(ask, until) {
  const counts = new Array(concurrency).fill(0)
  const work = async (at) => {
    while (until(counts[at])) {
      await ask()
      counts[at] += 1
    }
  }
  await Promise.all(counts.map((_, at) => work(at)))
  return counts.reduce((sum, count) => sum + count, 0)
}

const ask = SUBJECTS[name]()
const warmed = performance.now()
await run(ask, (count) => count < WARM_UP / concurrency && performance.now() - warmed < WARM_UP_MS)
console.log('ready')
for await (const _ of createInterface({ input: process.stdin })) {
  const [started, before] = [performance.now(), process.cpuUsage()]
  const queries = await run(ask, () => performance.now() - started < seconds * 1000)
  const cpu = process.cpuUsage(before)
  console.log(JSON.stringify({ n: queries, seconds: (performance.now() - started) / 1000, cpu_us: cpu.user + cpu.system }))
}
process.exit(0)
