/** Downloaded images. */

import type { ImageData } from '../native'
import { InvalidArgumentError } from './errors'
import { printing, seal } from './results'

/** One downloaded image. Printing it shows its type only. */
export interface Image {
  /** The link's key, such as `selfie_image`. */
  readonly key: string
  /** What its first bytes say it is: `image/jpeg` or `image/png`. */
  readonly contentType: string
  /** Its bytes; null when it was written to a file. */
  readonly data: Buffer | null
  /** The path of the file it was written to; null without a directory. */
  readonly file: string | null
}

const AS_IMAGE = printing('Image', ({ contentType }: Image) => ({ contentType }))

/** Makes the images that native data tells of. */
export function imagesFrom(images: ImageData[]): Image[] {
  return images.map(({ key, contentType, data, file }) => {
    return seal({ key, contentType, data: data ?? null, file: file ?? null }, AS_IMAGE)
  })
}

/** The hosts as the native side takes them; null is every public one. */
export function checkHosts(hosts: Iterable<string> | null | undefined): string[] | null {
  if (hosts === undefined || hosts === null) return null
  if (typeof hosts === 'object' && Symbol.iterator in hosts) {
    const all = [...hosts]
    if (all.every((host) => typeof host === 'string')) return all
  }
  throw new InvalidArgumentError('allowedHosts: expected host names', { argument: 'allowed_hosts' })
}
