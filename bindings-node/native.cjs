// Loads the native half: the file beside this one that was built for this platform, and nothing else. It is given the
// API key, so neither a variable of the environment nor another package has a say in what is loaded.
'use strict'

const { readFileSync } = require('fs')

const { arch, platform } = process

function isMusl() {
  try {
    return readFileSync('/usr/bin/ldd', 'utf8').includes('musl')
  } catch {
    // Images without a shell have no such file. Slower, and slowest with the network's part.
    const { report } = process
    const { excludeNetwork } = report
    report.excludeNetwork = true
    const { header } = report.getReport()
    report.excludeNetwork = excludeNetwork
    return header.glibcVersionRuntime === undefined
  }
}

const target = `${platform}-${arch}${platform === 'linux' && isMusl() ? '-musl' : ''}`
try {
  // Each name in full and inside of `try`: bundlers look for them, and pass over those that are not there.
  switch (target) {
    case 'linux-x64':
      module.exports = require('./smileid-jobs.linux-x64-gnu.node')
      break
    case 'linux-arm64':
      module.exports = require('./smileid-jobs.linux-arm64-gnu.node')
      break
    case 'linux-x64-musl':
      module.exports = require('./smileid-jobs.linux-x64-musl.node')
      break
    case 'linux-arm64-musl':
      module.exports = require('./smileid-jobs.linux-arm64-musl.node')
      break
    case 'darwin-x64':
      module.exports = require('./smileid-jobs.darwin-x64.node')
      break
    case 'darwin-arm64':
      module.exports = require('./smileid-jobs.darwin-arm64.node')
      break
    case 'win32-x64':
      module.exports = require('./smileid-jobs.win32-x64-msvc.node')
      break
    default:
      throw new Error('it is not built for this platform')
  }
} catch (cause) {
  throw new Error(`the native library of smileid-jobs cannot be loaded on ${target}`, { cause })
}
