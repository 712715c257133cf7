// The loader of the native library, which is given the API key: nothing but the file beside it is ever loaded.

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { copyOfPackage, fresh, IMPORT, REPOSITORY, run, startSandbox } from './sandbox.mjs'

const BINDINGS = join(REPOSITORY, 'bindings-node')

test('the loader', { timeout: 30_000 }, async (t) => {
  const sandbox = await startSandbox(t)
  const own = readdirSync(BINDINGS).find((name) => name.endsWith('.node'))
  const foreign = "console.log('foreign')"

  await t.test('heeds no variable of the environment', async () => {
    const folder = copyOfPackage(t)
    const path = join(folder, 'foreign.cjs')
    writeFileSync(path, foreign)
    const program = `${IMPORT}
      const { jobComplete } = await api.Client.fromEnv().getJobStatus('${fresh('user')}', 'complete')
      console.log(jobComplete)`
    const variables = [
      { NAPI_RS_NATIVE_LIBRARY_PATH: path },
      { NAPI_RS_FORCE_WASI: 'error' },
      { NAPI_RS_WASI_FLAVOR: 'wasm32-wasi' },
      { NAPI_RS_ENFORCE_VERSION_CHECK: '1' },
    ]
    for (const env of variables) {
      const { ms, ...end } = await run(program, { sandbox, env })
      assert.deepEqual(end, { code: 0, signal: null, stdout: 'true\n', stderr: '' })
    }
  })

  await t.test('takes no package of another name where the library is missing, and says so', async () => {
    const folder = copyOfPackage(t)
    for (const name of [own.replace(/^smileid-jobs\.(.*)\.node$/, 'smileid-jobs-$1'), 'smileid-jobs-wasm32-wasi']) {
      const other = join(folder, 'node_modules', name)
      mkdirSync(other, { recursive: true })
      writeFileSync(join(other, 'package.json'), JSON.stringify({ name, version: '0.1.0', main: 'index.js' }))
      writeFileSync(join(other, 'index.js'), foreign)
    }
    const program = `
      try {
        require(${JSON.stringify(folder)})
      } catch (error) {
        console.log(error.message, error.cause.code)
      }`
    const { ms, stdout, ...end } = await run(program, { flags: [] })
    const { platform, arch } = process
    const told = `the native library of smileid-jobs cannot be loaded on ${platform}-${arch}(-musl)?`
    assert.match(stdout, new RegExp(`^${told} MODULE_NOT_FOUND\\n$`))
    assert.deepEqual(end, { code: 0, signal: null, stderr: '' })
  })

  await t.test('knows every target that the package is built for, and asks for nothing else', () => {
    const { napi } = JSON.parse(readFileSync(join(BINDINGS, 'package.json'), 'utf8'))
    const system = { unknown: 'linux', apple: 'darwin', pc: 'win32' }
    const processor = { x86_64: 'x64', aarch64: 'arm64' }
    const files = napi.targets.map((target) => {
      const [cpu, vendor, , abi] = target.split('-')
      return `./smileid-jobs.${[system[vendor], processor[cpu], abi].filter(Boolean).join('-')}.node`
    })
    const loader = readFileSync(join(BINDINGS, 'native.cjs'), 'utf8')
    const required = [...loader.matchAll(/require\((.*?)\)/g)].map(([, what]) => what.slice(1, -1))
    assert.deepEqual(required.sort(), [...files, 'fs'].sort())
    assert.ok(files.includes(`./${own}`))
    assert.doesNotMatch(loader, /process\.env|\benv\b/)
  })
})
