/** The native half, typed. Its loader picks the file for this platform. */

import type * as Native from '../native'

// Not an import: the loader lies beside `dist` and is not TypeScript.
const native = require('../native.cjs') as typeof Native

export = native
