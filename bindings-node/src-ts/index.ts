/**
 * How did this Smile ID job end? A signed, verified, bounded job-status client. Unofficial; not affiliated with Smile ID.
 *
 * @packageDocumentation
 */

import native = require('./native')

export { Callback } from './callback'
export type { CallbackData } from './callback'
export { Client } from './client'
export {
  APIError,
  AuthenticationError,
  CallbackExpiredError,
  ClientClosedError,
  ConnectError,
  FileError,
  ImageLinkExpiredError,
  ImageRefusedError,
  InternalError,
  InvalidArgumentError,
  InvalidResponseError,
  JobIncompleteError,
  LegacySignatureError,
  NetworkError,
  PollTokenError,
  RateLimitError,
  RequestRejectedError,
  RequestTimeoutError,
  ResponseMismatchError,
  ResponseTooLargeError,
  ServerError,
  SignatureError,
  SmileIDError,
  TLSError,
  UnderlyingError,
} from './errors'
export type { ErrorDetails, IncompleteReason, Phase } from './errors'
export type { Image } from './images'
export type { LogMessage } from './log'
export { JobOutcomes } from './many'
export type { Job, JobOutcome, ManyProgress } from './many'
export type {
  ClientOptions,
  DownloadImagesOptions,
  GetJobStatusOptions,
  PollJobStatusOptions,
  PollManyOptions,
  PollStepOptions,
  VerifyCallbackOptions,
  WaitUntilCompleteOptions,
  WatchJobStatusOptions,
} from './options'
export type {
  Antifraud,
  IdResponse,
  ImageLinks,
  JobResult,
  PartnerParams,
  SuspectUser,
  Wire,
} from './results'
export { Signature } from './signature'
export type { SignedTimestamp } from './signature'
export { JobStatus } from './status'
export type { CallbackDelivery, JobStatusData } from './status'
export type { PollStep } from './step'
export { StatusUpdates } from './watch'
export type { StatusUpdate } from './watch'

/** The package's version, such as `0.1.0`. */
export const VERSION: string = native.VERSION
