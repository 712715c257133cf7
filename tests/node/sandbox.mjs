// A local Smile ID of a test file's own, and what tests ask of it.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { Client } from '../../bindings-node/dist/index.mjs'

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
export const MARK = 'CANARY'

const BINARY = process.env.SMILEID_SANDBOX_BIN ?? `${REPOSITORY}target/debug/smileid-jobs-sandbox`

// What a developer's own shell says is not for the clients here, nor for those of programs that are run.
for (const name of Object.keys(process.env)) if (name.startsWith('SMILEID_')) delete process.env[name]

let count = 0

/** A name that no other test uses, marked as private. */
export function fresh(kind) {
  return `${kind}-${MARK}-${process.pid}-${++count}`
}

/** Starts a sandbox that ends with the test file. */
export async function startSandbox(t) {
  const key = `${MARK}-key-${process.pid}`
  const child = spawn(BINARY, ['--port', '0', '--api-key', key], { stdio: ['pipe', 'pipe', 'inherit'] })
  const clients = []
  t.after(async () => {
    // What a test that failed left asleep would keep the file alive.
    for (const client of clients) client.close()
    child.stdin.end()
    if (child.exitCode === null) await once(child, 'exit')
  })
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return new Sandbox(JSON.parse(line), clients)
}

class Sandbox {
  #clients

  constructor({ url, partner_id: partnerId, api_key: apiKey }, clients) {
    this.#clients = clients
    this.url = url
    this.options = { partnerId, apiKey, baseUrl: url }
    this.environment = { SMILEID_PARTNER_ID: partnerId, SMILEID_API_KEY: apiKey, SMILEID_BASE_URL: url }
  }

  client(options) {
    const client = new Client({ ...this.options, ...options })
    this.#clients.push(client)
    return client
  }

  async tell(userId, jobId, ...answers) {
    const body = JSON.stringify({ user_id: userId, job_id: jobId, answers })
    const answer = await fetch(`${this.url}/_sandbox/jobs`, { method: 'POST', body })
    if (!answer.ok) throw new Error(`the sandbox refused the story: ${await answer.text()}`)
  }

  async log(userId) {
    const answer = await fetch(`${this.url}/_sandbox/requests?user_id=${encodeURIComponent(userId)}`)
    return answer.json()
  }

  /** Waits until the log for a user is as wanted. */
  async until(userId, wanted) {
    for (const end = Date.now() + 20_000; Date.now() < end; ) {
      const log = await this.log(userId)
      if (wanted(log)) return log
      await new Promise((resolve) => setTimeout(resolve, 3))
    }
    throw new Error('the log never showed what was waited for')
  }
}

/** One of three tries must keep all bounds, in milliseconds by name: the machine may be busy with something else. */
export async function soon(bounds, attempt) {
  const kept = (times) => Object.entries(bounds).every(([name, bound]) => times[name] < bound)
  const tries = []
  do tries.push(await attempt())
  while (!kept(tries.at(-1)) && tries.length < 3)
  assert.ok(kept(tries.at(-1)), `${JSON.stringify(tries)}, not ${JSON.stringify(bounds)}`)
}

/** A copy of the package, with another native library or none, which goes with the test. */
export function copyOfPackage(t, library) {
  const folder = mkdtempSync(join(tmpdir(), 'smileid-jobs-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const bindings = join(REPOSITORY, 'bindings-node')
  const parts = ['dist', 'native.cjs', 'package.json']
  for (const name of parts) cpSync(join(bindings, name), join(folder, name), { recursive: true })
  if (library === undefined) return folder
  for (const name of readdirSync(bindings)) if (name.endsWith('.node')) copyFileSync(library, join(folder, name))
  return folder
}

/** Runs a program in a Node process of its own, with so many descriptors if that is said, and waits for its end. */
export async function run(program, options = {}) {
  const { sandbox, env = {}, flags = ['--input-type=module'], descriptors, timeout = 15_000 } = options
  const node = [process.execPath, ...flags, '--eval', program]
  const limited = ['sh', '-c', `ulimit -n ${descriptors} && exec "$0" "$@"`, ...node]
  const [command, ...args] = descriptors === undefined ? node : limited
  const child = spawn(command, args, {
    env: { ...process.env, ...sandbox?.environment, ...env },
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout,
  })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr']) child[stream].setEncoding('utf8').on('data', (text) => (output[stream] += text))
  const started = Date.now()
  const [code, signal] = await once(child, 'close')
  return { code, signal, ms: Date.now() - started, ...output }
}

export const IMPORT = `import * as api from '${new URL('../../bindings-node/dist/index.mjs', import.meta.url)}'\n`
