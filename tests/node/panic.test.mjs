// A bug in the native core: a typed error, and the process lives on. Needs the native library with the feature
// `testing`: cargo build -p smileid-jobs-node --features testing

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

import { copyOfPackage, fresh, MARK, REPOSITORY, run, startSandbox } from './sandbox.mjs'

const LIBRARY = { linux: 'libsmileid_jobs_node.so', darwin: 'libsmileid_jobs_node.dylib', win32: 'smileid_jobs_node.dll' }

test('a panic inside becomes InternalError', { timeout: 30_000 }, async (t) => {
  const sandbox = await startSandbox(t)
  const folder = copyOfPackage(t, join(REPOSITORY, 'target', 'debug', LIBRARY[process.platform]))

  const program = `
    import * as api from '${pathToFileURL(join(folder, 'dist', 'index.mjs'))}'
    const client = api.Client.fromEnv()
    const user = '${fresh('user')}'
    for (const verb of ['getJobStatus', 'pollJobStatus', 'waitUntilComplete', 'pollStep']) {
      const error = await client[verb](user, 'testing-panic').catch((error) => error)
      console.log(error instanceof api.InternalError, error.code, error.number, error.message)
      console.error(error)
    }
    const status = await client.getJobStatus(user, 'complete')
    console.log(status.jobComplete)`
  const { code, stdout, stderr } = await run(program, { sandbox })
  const line = 'true SMILEID_INTERNAL 9001 the library failed inside; this is a bug, please report it\n'
  assert.equal(stdout, `${line.repeat(4)}true\n`)
  assert.equal(code, 0)
  assert.doesNotMatch(stdout + stderr, new RegExp(MARK))
})
