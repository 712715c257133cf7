// Plays cases that run_scenarios.py sends as JSON lines, and answers each with its outcome.
//
// A line `interrupt` while a case runs interrupts it. Everything that a program might print of an outcome is printed to
// stderr, so that the harness can search it for what must never stand there.

import { createInterface } from 'node:readline'

import { Client, Signature, SmileIDError } from '../../bindings-node/dist/index.mjs'
import { camelArguments, errorOutcome } from './outcomes.mjs'
import { print, VERBS } from './verbs.mjs'

const OF_CLIENTS = new Set([
  ...['partnerId', 'apiKey', 'environment', 'baseUrl', 'requestTimeoutMs', 'connectTimeoutMs', 'maxRetries'],
  ...['maxConnections', 'maxResponseBytes', 'caBundle', 'bundledRoots', 'trustEnv', 'proxy'],
])

let interrupt = () => {}

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'interrupt') interrupt()
  // Not awaited: the next line may be this case's interrupt.
  else play(JSON.parse(line)).then((outcome) => process.stdout.write(`${JSON.stringify(outcome)}\n`))
}

async function play({ what, args, interrupt: by, accept_only: acceptOnly }) {
  const aborter = new AbortController()
  try {
    const given = camelArguments(args)
    const outcome = what === 'signature' ? sign(given, acceptOnly) : await ask(what, given, by, aborter)
    return acceptOnly ? { accepted: true } : outcome
  } catch (error) {
    print(error)
    if (aborter.signal.aborted && error === aborter.signal.reason) return { cancelled: true }
    if (error instanceof SmileIDError) return { error: errorOutcome(error) }
    throw error
  }
}

async function ask(what, args, by, aborter) {
  const { userId, jobId, jobs, body, ...options } = args
  if (what === 'client') return print(new Client(options))
  const forClient = Object.fromEntries(Object.entries(options).filter(([name]) => OF_CLIENTS.has(name)))
  const forCall = Object.fromEntries(Object.entries(options).filter(([name]) => !OF_CLIENTS.has(name)))
  const client = print(new Client(forClient))
  if (by === 'close_before') client.close()
  if (by === 'cancel') forCall.signal = aborter.signal
  const [user, job] = jobs === undefined ? [userId, jobId] : [jobs?.[0]?.userId, jobs?.[0]?.jobId]
  const interrupts = {
    cancel: () => aborter.abort(),
    close: () => client.close(),
    notify: () => client.notify(user, job),
    notify_other: () => client.notify(user, `${job}-other`),
  }
  interrupt = interrupts[by] ?? (() => {})
  return await VERBS[what]({ client, userId, jobId, jobs, body, options: forCall })
}

function sign({ partnerId, apiKey, timestamp, signature: given, confirmOnly }, acceptOnly) {
  const signature = print(new Signature(partnerId, apiKey))
  if (acceptOnly) return signature.generateSignature(timestamp)
  const confirmed = signature.confirmSignature(timestamp, given)
  return confirmOnly ? { confirmed } : { signature: signature.generateSignature(timestamp).signature, confirmed }
}
