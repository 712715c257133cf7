/**
 * How did this Smile ID job end? A signed, verified, bounded job-status client. Unofficial; not affiliated with Smile ID.
 *
 * @packageDocumentation
 */

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
export type {
  ClientOptions,
  DownloadImagesOptions,
  GetJobStatusOptions,
  PollJobStatusOptions,
  PollManyOptions,
  VerifyCallbackOptions,
  WaitOptions,
  WatchOptions,
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
export { JobOutcomes, StatusUpdates } from './streams'
export type { Job } from './streams'
export { Image, JobOutcome } from './waiting'
export type { ManyProgress, PollStep, StatusUpdate } from './waiting'
