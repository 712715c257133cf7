// The public surface against what the core has written down: errors, defaults and names.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'

import * as api from '../../bindings-node/dist/index.mjs'

const require = createRequire(import.meta.url)
const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8')
const vector = (name) => JSON.parse(read(`../vectors/${name}.json`))
const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())

test('error classes are the table, in both directions', () => {
  // Cancelling rejects with the signal's reason here.
  const table = vector('errors').filter(({ code }) => code !== 'cancelled')
  for (const { code, number, class: name, base } of table) {
    const type = api[name]
    assert.equal(typeof type, 'function', `${name} is missing`)
    const error = new type('text', { httpStatus: 418 })
    assert.equal(Object.getPrototypeOf(type).name, base, `the base of ${name}`)
    assert.deepEqual(
      [error.code, error.number, error.name, error.message, error.httpStatus],
      [`SMILEID_${code.toUpperCase()}`, number, name, 'text', 418],
    )
    assert.ok(error instanceof api.SmileIDError && error instanceof Error)
  }
  const known = new Set(table.map((row) => row.class))
  const abstract = ['SmileIDError', 'APIError', 'UnderlyingError']
  for (const [name, type] of Object.entries(api)) {
    if (type.prototype instanceof Error && !abstract.includes(name)) assert.ok(known.has(name), `${name} is in no table`)
  }
})

test('documented defaults are the core’s, in both directions', () => {
  const interfaces = {
    client: 'ClientOptions',
    get_job_status: 'GetJobStatusOptions',
    poll_job_status: 'PollJobStatusOptions',
    wait_until_complete: 'WaitUntilCompleteOptions',
    watch_job_status: 'WatchJobStatusOptions',
    poll_step: 'PollStepOptions',
    poll_many: 'PollManyOptions',
    download_images: 'DownloadImagesOptions',
    verify_callback: 'VerifyCallbackOptions',
  }
  const types = read('../../bindings-node/dist/options.d.ts')
  const documented = new Map()
  for (const [, name, body] of types.matchAll(/export interface (\w+)[^{]*\{(.*?)\n\}/gs)) {
    for (const [, value, property] of body.matchAll(/@defaultValue (\S+)\s*\*\/\s*(\w+)\?:/g)) {
      documented.set(`${name}.${property}`, JSON.parse(value))
    }
  }
  // In the order of the file: what is extended stands before.
  for (const [, name, base, left = ''] of types.matchAll(/interface (\w+) extends (?:Omit<)?(\w+)(?:, ([^>]*)>)? \{/g)) {
    for (const [place, value] of [...documented]) {
      const [owner, property] = place.split('.')
      const own = `${name}.${property}`
      if (owner === base && !left.includes(`'${property}'`) && !documented.has(own)) documented.set(own, value)
    }
  }
  const core = new Map(
    vector('defaults').arguments.map(({ argument, used_by: usedBy, kind, default: value }) => {
      return [`${interfaces[usedBy]}.${camel(argument)}${kind === 'duration_ms' ? 'Ms' : ''}`, value]
    }),
  )
  assert.deepEqual(new Map([...documented].sort()), new Map([...core].sort()))
})

test('one version everywhere', () => {
  const { version } = require('../../bindings-node/package.json')
  const [, workspace] = read('../../Cargo.toml').match(/\[workspace\.package\]\nversion = "(.*)"/)
  assert.equal(version, workspace)
  assert.equal(require('../../bindings-node/package-lock.json').version, version)
  assert.equal(api.VERSION, version)
})

test('the lock file names no machine and no registry', () => {
  assert.doesNotMatch(read('../../bindings-node/package-lock.json'), /"resolved"|https?:\/\/(?!.*(funding|github|opencollective))/)
})

test('import and require give the same names and the same classes', () => {
  const required = require('../../bindings-node')
  const names = (module) => Object.keys(module).filter((name) => !['default', 'module.exports', '__esModule'].includes(name))
  assert.deepEqual(names(api).sort(), names(required).sort())
  for (const name of names(api)) assert.equal(api[name], required[name], name)
})
