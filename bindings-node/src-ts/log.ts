/**
 * The log: messages on the channel `smileid_jobs` of `node:diagnostics_channel`, published on this thread.
 *
 * Nothing is made, queued or published while the channel has no subscribers; that is looked at when a client is made and
 * when a call starts. A thread whose channel has subscribers hears the clients of the whole process.
 */

import { channel } from 'node:diagnostics_channel'

import native = require('./native')
import type { BridgeHandle } from '../native'

/** What the channel `smileid_jobs` publishes. There is no id, key, link or signature in it. */
export interface LogMessage {
  readonly level: 'error' | 'warn' | 'info' | 'debug' | 'trace'
  /** What happened, such as `answered`. */
  readonly message: string
  /** A random number that tells one call's messages from another's. */
  readonly call?: number
  /** The attempt, counted from 1. */
  readonly attempt?: number
  /** More about it, such as `delayMs`, `httpStatus` or `jobComplete`; the names are stable. */
  readonly [field: string]: string | number | boolean | undefined
}

const log = channel('smileid_jobs')
const LEVELS = ['error', 'error', 'warn', 'info', 'debug', 'trace'] as const
let attending = false

/** Whether somebody listens; a change is passed on to the native side, if there is one yet. */
export function attend(bridge?: BridgeHandle): boolean {
  const wanted = log.hasSubscribers
  if (wanted !== attending && bridge !== undefined) {
    attending = wanted
    native.listen(bridge, wanted)
  }
  return wanted
}

/** Publishes one event of the native side. */
export function publish(level: number, message: string, fields: object): void {
  if (log.hasSubscribers) log.publish({ level: LEVELS[level], message, ...fields })
}
