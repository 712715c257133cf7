/** Signing and checking without a server. */

import native = require('./native')
import type { SignatureHandle } from '../native'
import { made } from './errors'
import { printing, seal } from './results'
import { inspect } from 'node:util'

/** A timestamp with its signature: while it is fresh, as secret as the key. Printing it shows the timestamp only. */
export interface SignedTimestamp {
  /** The text that was signed. */
  readonly timestamp: string
  /** Standard base64 of 32 bytes. */
  readonly signature: string
}

const AS_SIGNED = printing('SignedTimestamp', ({ timestamp }: SignedTimestamp) => ({ timestamp }))

/**
 * Makes and checks Smile ID's signatures for one partner.
 *
 * They cover a timestamp and the partner id, nothing else: not the user, not the job and not a body.
 */
export class Signature {
  readonly #handle: SignatureHandle

  /**
   * @param partnerId - 1 to 64 printable ASCII characters, leading zeros kept
   * @param apiKey - 1 to 4096 bytes of text
   * @throws {@link InvalidArgumentError} outside of those limits.
   */
  constructor(partnerId: string, apiKey: string) {
    this.#handle = made(native.createSignature(partnerId, apiKey))
  }

  /**
   * Signs a timestamp's text as it is, or the present time in UTC with three fraction digits and `Z`.
   * @throws {@link InvalidArgumentError} when the timestamp is not text.
   */
  generateSignature(timestamp?: string): SignedTimestamp {
    return seal<SignedTimestamp>(made(native.generateSignature(this.#handle, timestamp)), AS_SIGNED)
  }

  /**
   * Whether a signature belongs to a timestamp's text, in constant time. Malformed and old unkeyed ones do not. True
   * proves that the sender knows the key or has seen the pair before; it does not prove a body.
   * @throws {@link InvalidArgumentError} when either is not text.
   */
  confirmSignature(timestamp: string, signature: string): boolean {
    return made(native.confirmSignature(this.#handle, timestamp, signature))
  }

  /** @internal */
  [inspect.custom](): string {
    return 'Signature {}'
  }
}
