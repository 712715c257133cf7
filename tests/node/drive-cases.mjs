// Plays cases that run_scenarios.py sends as JSON lines, and answers each with its outcome.
//
// A line `interrupt` while a case runs interrupts it. Everything that a program might print of an outcome is printed to
// stderr, so that the harness can search it for what must never stand there.

import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'

import { Client, Signature, SmileIDError } from '../../bindings-node/dist/index.mjs'
import { camelArguments, errorOutcome, snakeView } from './outcomes.mjs'

let interrupt = () => {}

async function play({ what, args, interrupt: by, accept_only: acceptOnly }) {
  const aborter = new AbortController()
  try {
    const given = camelArguments(args)
    const outcome = what === 'signature' ? sign(given, acceptOnly) : await ask(what, given, by, aborter)
    if (acceptOnly && outcome?.error) return { error: outcome.error }
    return acceptOnly ? { accepted: true } : outcome
  } catch (error) {
    print(error)
    if (aborter.signal.aborted && error === aborter.signal.reason) return { cancelled: true }
    if (error instanceof SmileIDError) return { error: errorOutcome(error) }
    throw error
  }
}

const CLIENT = [
  'partnerId', 'apiKey', 'environment', 'baseUrl', 'requestTimeoutMs', 'connectTimeoutMs', 'maxRetries', 'maxConnections',
  'maxResponseBytes', 'caBundle', 'bundledRoots', 'trustEnv', 'proxy',
]
const only = (given, keep) => Object.fromEntries(Object.entries(given).filter(([name]) => keep(name)))

async function ask(what, given, by, aborter) {
  if (what === 'client') return print(new Client(given))
  const client = print(new Client(only(given, (name) => CLIENT.includes(name))))
  const { userId, jobId, ...options } = only(given, (name) => !CLIENT.includes(name))
  if (by === 'close_before') client.close()
  const first = options.jobs?.[0] ?? { userId, jobId }
  interrupt = {
    cancel: () => aborter.abort(),
    notify: () => client.notify(first.userId, first.jobId),
    notify_other: () => client.notify(first.userId, `${first.jobId}-other`),
  }[by] ?? (() => client.close())
  if (by === 'cancel') options.signal = aborter.signal
  return (VERBS[what] ?? one)(client, what, { userId, jobId, ...options })
}

const shown = (status) => ({ status: snakeView(print(status)) })

async function one(client, what, { userId, jobId, ...options }) {
  const verb = { get_job_status: 'getJobStatus', poll_job_status: 'pollJobStatus', wait_until_complete: 'waitUntilComplete' }
  return shown(await client[verb[what]](userId, jobId, options))
}

const VERBS = {
  async watch_job_status(client, _, { userId, jobId, pauseMs = 0, stopAfter, ...options }) {
    const updates = []
    const stream = client.watchJobStatus(userId, jobId, options)
    try {
      for await (const { attempt, changed, status, nextDelayMs } of stream) {
        print(status)
        updates.push({ attempt, changed, job_complete: status.jobComplete, has_next: nextDelayMs !== null })
        await sleep(pauseMs)
        if (updates.length === stopAfter) break
      }
    } catch (error) {
      if (!(error instanceof SmileIDError) || error.argument !== undefined) throw error
      print(error)
      return { updates, error: errorOutcome(error) }
    }
    return { updates, error: null }
  },

  async poll_step(client, _, { tamper, then, finish, ...given }) {
    for (let steps = 1; ; steps += 1) {
      const { userId, jobId, ...options } = given
      const step = await client.pollStep(userId, jobId, options)
      if (step.finished) return { steps, ...shown(step.status) }
      await sleep(step.afterMs)
      const token = tamper ? step.token.slice(0, -1) + (step.token.endsWith('A') ? 'B' : 'A') : step.token
      given = { ...given, ...camelArguments(then ?? {}), token }
      if (finish) {
        const { userId, jobId, ...options } = given
        return { steps, ...shown(await client.waitUntilComplete(userId, jobId, options)) }
      }
    }
  },

  async poll_many(client, _, { userId: _user, jobId: _job, jobs, ...options }) {
    const outcomes = []
    const stream = client.pollMany(jobs, options)
    for await (const outcome of stream) {
      print(outcome)
      const error = outcome.error === undefined ? null : errorOutcome(outcome.error).code
      outcomes.push({ job_id: outcome.jobId, status_complete: outcome.status?.jobComplete ?? null, error })
    }
    return { outcomes, progress: { ...stream.progress } }
  },

  async download_images(client, _, { userId, jobId, ...options }) {
    const status = await client.getJobStatus(userId, jobId, { returnImageLinks: true })
    const images = await client.downloadImages(status, options)
    return {
      images: images.map((image) => {
        print(image)
        const { key, contentType, data, file } = image
        return { key, content_type: contentType, bytes: data?.length ?? null, file: file && basename(file) }
      }),
    }
  },

  async verify_callback(client, _, { userId: _user, jobId: _job, body, ...options }) {
    return { callback: snakeView(print(client.verifyCallback(body, options))) }
  },
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
  else if (value.result !== undefined) console.error(value.result, value.history, value.imageLinks)
  else if (!('data' in value)) console.error(JSON.stringify(value))
  return value
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'interrupt') interrupt()
  // Not awaited: the next line may be this case's interrupt.
  else play(JSON.parse(line)).then((outcome) => process.stdout.write(`${JSON.stringify(outcome)}\n`))
}
