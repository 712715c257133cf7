// Plays cases that run_scenarios.py sends as JSON lines, and answers each with its outcome.
//
// A line `interrupt` while a case runs interrupts it. Everything that a program might print of an outcome is printed to
// stderr, so that the harness can search it for what must never stand there.

import { createInterface } from 'node:readline'
import { inspect } from 'node:util'

import { Client, Signature, SmileIDError } from '../../bindings-node/dist/index.mjs'
import { camelArguments, errorOutcome, snakeView } from './outcomes.mjs'

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

async function ask(what, { userId, jobId, ...options }, by, aborter) {
  if (what === 'client') return print(new Client(options))
  const names = ['returnHistory', 'returnImageLinks', 'timeoutMs', 'retryCount', 'initialDelayMs', 'maxDelayMs', 'returnJobStatus', 'callbackUrl', 'retries']
  const forCall = Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name)))
  const forClient = Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)))
  const client = print(new Client(forClient))
  if (by === 'close_before') client.close()
  interrupt = by === 'cancel' ? () => aborter.abort() : () => client.close()
  if (by === 'cancel') forCall.signal = aborter.signal
  const verb = what === 'get_job_status' ? client.getJobStatus : client.pollJobStatus
  const status = print(await verb.call(client, userId, jobId, forCall))
  return { status: snakeView(status) }
}

function sign({ partnerId, apiKey, timestamp, signature: given, confirmOnly }, acceptOnly) {
  const signature = print(new Signature(partnerId, apiKey))
  if (acceptOnly) return signature.generateSignature(timestamp)
  const confirmed = signature.confirmSignature(timestamp, given)
  return confirmOnly ? { confirmed } : { signature: signature.generateSignature(timestamp).signature, confirmed }
}

function print(value) {
  console.error(value)
  console.error(inspect(value, { showHidden: true, depth: null, getters: true }))
  if (value instanceof Error) console.error(value.stack, `${value}`, JSON.stringify(value))
  else if ('result' in value) console.error(value.result, value.history, value.imageLinks)
  else console.error(JSON.stringify(value))
  return value
}
