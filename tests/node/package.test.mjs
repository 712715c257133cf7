// The package as users get it: packed, installed into an empty project, imported, required and compiled.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { fresh, REPOSITORY, startSandbox } from './sandbox.mjs'

const BINDINGS = join(REPOSITORY, 'bindings-node')
const HERE = fileURLToPath(new URL('.', import.meta.url))
const execute = promisify(execFile)
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'

test('the packed package', { timeout: 120_000 }, async (t) => {
  const sandbox = await startSandbox(t)
  const project = mkdtempSync(join(tmpdir(), 'smileid-jobs-'))
  t.after(() => rmSync(project, { recursive: true }))
  const environment = { ...process.env, ...sandbox.environment, npm_config_offline: 'true' }
  const inProject = (command, ...args) => execute(command, args, { cwd: project, env: environment, timeout: 60_000 })

  await t.test('holds what is needed and nothing else', async () => {
    const { stdout } = await execute(npm, ['pack', '--json', '--pack-destination', project], { cwd: BINDINGS, env: environment })
    const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[\n')))
    const names = files.map(({ path }) => path).filter((path) => !/^dist\/(index\.m?js|\w+\.d\.m?ts)$/.test(path))
    const native = names.filter((path) => path.endsWith('.node'))
    assert.equal(native.length, 1, 'the library for this platform')
    const rest = ['LICENSE', 'README.md', 'THIRD-PARTY-NOTICES', 'native.cjs', 'native.d.ts', 'package.json']
    assert.deepEqual(names.filter((path) => path !== native[0]).sort(), rest)
    copyFileSync(join(project, filename), join(project, 'package.tgz'))
  })

  await t.test('installs into an empty project without a registry', async () => {
    writeFileSync(join(project, 'package.json'), '{"private":true}')
    await inProject(npm, 'install', '--no-audit', '--no-fund', './package.tgz')
    const { dependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
    assert.deepEqual(Object.keys(dependencies), ['smileid-jobs'])
    const locked = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'))
    assert.equal(Object.keys(locked.packages).length, 2, 'nothing else was installed')
  })

  await t.test('works by import and by require, with the same classes', async () => {
    writeFileSync(
      join(project, 'main.mjs'),
      `import { Client, SmileIDError } from 'smileid-jobs'
       import { createRequire } from 'node:module'
       import own from './main.cjs'
       const status = await Client.fromEnv().pollJobStatus('${fresh('user')}', 'pending-1', { initialDelayMs: 1 })
       const error = await own.fails()
       const loaded = createRequire(import.meta.url)('smileid-jobs')
       console.log(status.jobComplete, error instanceof SmileIDError, loaded.Client === Client, error.code)`,
    )
    writeFileSync(
      join(project, 'main.cjs'),
      `const { Client } = require('smileid-jobs')
       exports.fails = () => Client.fromEnv().getJobStatus('${fresh('user')}', 'unauthorized').catch((error) => error)`,
    )
    const { stdout, stderr } = await inProject(process.execPath, 'main.mjs')
    assert.equal(stdout, 'true true true SMILEID_AUTHENTICATION\n')
    assert.equal(stderr, '')
  })

  await t.test('runs the example of the README', async () => {
    copyFileSync(join(BINDINGS, 'examples', 'poll_job_status.mjs'), join(project, 'example.mjs'))
    const { stdout } = await inProject(process.execPath, 'example.mjs')
    assert.match(stdout, /^succeeded: true \(code 0810, .*\)\nhistory: [1-9]\d* results\nimages: selfie and [1-9]\d* liveness\n$/)
  })

  await t.test('its inner files are closed', async () => {
    const program = "import('smileid-jobs/native.cjs').catch((error) => console.log(error.code))"
    const { stdout } = await inProject(process.execPath, '--input-type=module', '--eval', program)
    assert.equal(stdout, 'ERR_PACKAGE_PATH_NOT_EXPORTED\n')
  })

  await t.test('its types say nothing that TypeScript 5.0 does not understand', () => {
    // Whose async iterables have one parameter: the others came with 5.6.
    const dist = join(BINDINGS, 'dist')
    for (const name of readdirSync(dist).filter((name) => name.endsWith('.d.ts'))) {
      assert.doesNotMatch(readFileSync(join(dist, name), 'utf8'), /\bAsyncIterable\w*<[^<>]*,/, name)
    }
  })

  await t.test('compiles under strict TypeScript, as both kinds of module and through a bundler', async () => {
    const usage = readFileSync(join(HERE, 'types', 'usage.mts'), 'utf8')
    for (const name of ['usage.mts', 'usage.cts']) writeFileSync(join(project, name), usage)
    const base = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      types: ['node'],
      typeRoots: [join(BINDINGS, 'node_modules', '@types')],
    }
    const kinds = { node16: { module: 'node16' }, bundler: { module: 'esnext', moduleResolution: 'bundler' } }
    for (const [name, kind] of Object.entries(kinds)) {
      const files = name === 'node16' ? ['usage.mts', 'usage.cts'] : ['usage.mts']
      writeFileSync(join(project, `${name}.json`), JSON.stringify({ compilerOptions: { ...base, ...kind }, files }))
      const tsc = join(BINDINGS, 'node_modules', 'typescript', 'bin', 'tsc')
      await inProject(process.execPath, tsc, '--project', `${name}.json`).catch((error) => assert.fail(error.stdout))
    }
  })
})
