// What the parts of a query cost from Node, in nanoseconds: `micro.mjs URL`. Prints one JSON line.
//
// `verifyCallback` is Node's only way to read a body that is there already; it checks the signature too.

import { createRequire } from 'node:module'

import { readAll } from './reading.mjs'

const [ROUNDS, ROUND_MS] = [9, 20]
const url = process.argv[2]
const { Client, Signature } = createRequire(import.meta.url)('../../bindings-node')
const sdk = new (createRequire(process.env.BENCH_PEERS)('smile-identity-core').Signature)('001', 'bench-key')

let sink

// The best round, because whatever else runs here only adds.
function best(work) {
  const round = (calls) => {
    const started = performance.now()
    for (let n = 0; n < calls; n++) sink = work()
    return performance.now() - started
  }
  let calls = 1
  while (round(calls) < ROUND_MS) calls *= 2
  const rounds = Array.from({ length: ROUNDS }, () => round(calls))
  return (Math.min(...rounds) / calls) * 1e6
}

const ours = new Signature('001', 'bench-key')
const { timestamp, signature } = ours.generateSignature()
const told = {
  sign: best(() => ours.generateSignature(timestamp)),
  'sign, SDK': best(() => sdk.generate_signature(timestamp)),
  verify: best(() => ours.confirmSignature(timestamp, signature)),
  'verify, SDK': best(() => sdk.confirm_signature(timestamp, signature)),
}
// A pending status is no callback.
for (const size of ['complete', 'large']) {
  const client = new Client({ partnerId: '001', apiKey: 'bench-key', baseUrl: `${url}/${size}` })
  const { raw } = await client.getJobStatus('user-1', 'job-1')
  told[`verify and full decode, ${size}`] = best(() => readAll(client.verifyCallback(raw)))
  told[`JSON.parse, ${size}`] = best(() => JSON.parse(raw.toString()))
  client.close()
}
console.log(JSON.stringify(told))
process.exit(sink === null ? 1 : 0)
