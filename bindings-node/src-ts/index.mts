/** The same classes for `import`: one core, so that `instanceof` holds across both. */

export * from './index.js'
