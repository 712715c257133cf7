// Each verb, called as a case says. What a program might print on the way is printed to stderr.

import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'

import { SmileIDError } from '../../bindings-node/dist/index.mjs'
import { errorOutcome, imageOutcome, jobOutcome, snakeView, updateOutcome } from './outcomes.mjs'

const status = (verb) => async ({ client, userId, jobId, options }) => {
  return { status: snakeView(print(await client[verb](userId, jobId, options))) }
}

async function watch({ client, userId, jobId, options: { stopAfter = Infinity, pauseMs = 0, ...options } }) {
  const updates = []
  try {
    for await (const update of print(client.watchJobStatus(userId, jobId, options))) {
      updates.push(updateOutcome(print(update)))
      if (pauseMs > 0) await sleep(pauseMs)
      if (updates.length >= stopAfter) break
    }
  } catch (error) {
    // Of a wrong argument, the error is all there is to say.
    if (!(error instanceof SmileIDError) || error.argument !== undefined) throw error
    return { updates, error: errorOutcome(print(error)) }
  }
  return { updates, error: null }
}

async function pollStep({ client, userId, jobId, options: { then, tamper, finish, ...options } }) {
  let given = { userId, jobId, ...options }
  for (let steps = 1; ; steps++) {
    const { userId: user, jobId: job, ...all } = given
    const step = print(await client.pollStep(user, job, all))
    if (step.finished) return { steps, status: snakeView(step.status) }
    await sleep(step.afterMs)
    const token = tamper ? step.token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) : step.token
    given = { userId, jobId, ...options, ...then, token }
    if (finish === undefined) continue
    const { userId: whose, jobId: which, ...rest } = given
    return { steps, status: snakeView(await client.waitUntilComplete(whose, which, rest)) }
  }
}

async function pollMany({ client, jobs, options }) {
  const outcomes = []
  const stream = print(client.pollMany(jobs, options))
  for await (const outcome of stream) outcomes.push(jobOutcome(print(outcome)))
  return { outcomes, progress: stream.progress }
}

async function downloadImages({ client, userId, jobId, options }) {
  const status = await client.getJobStatus(userId, jobId, { returnImageLinks: true })
  const images = print(await client.downloadImages(status, options))
  return { images: images.map(imageOutcome) }
}

async function verifyCallback({ client, body, options }) {
  const callback = print(client.verifyCallback(body, options))
  if (typeof body === 'string') client.verifyCallback(new TextEncoder().encode(body), options)
  return { callback: snakeView(callback) }
}

export const VERBS = {
  get_job_status: status('getJobStatus'),
  poll_job_status: status('pollJobStatus'),
  wait_until_complete: status('waitUntilComplete'),
  watch_job_status: watch,
  poll_step: pollStep,
  poll_many: pollMany,
  download_images: downloadImages,
  verify_callback: verifyCallback,
}

/** Prints a value in every way that asks for no more than what it shows by itself. */
export function print(value) {
  console.error(value)
  console.error(inspect(value, { showHidden: true, depth: null, getters: true }))
  if (value instanceof Error) console.error(value.stack, `${value}`, JSON.stringify(value))
  else if (typeof value === 'object' && 'result' in value) console.error(value.result, value.history, value.imageLinks)
  return value
}
