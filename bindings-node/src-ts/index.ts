/**
 * How did this Smile ID job end? A signed, verified, bounded job-status client. Unofficial; not affiliated with Smile ID.
 *
 * @packageDocumentation
 */

export { Client } from './client'
export {
  APIError,
  AuthenticationError,
  ClientClosedError,
  ConnectError,
  InternalError,
  InvalidArgumentError,
  InvalidResponseError,
  LegacySignatureError,
  NetworkError,
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
export type { ErrorDetails, Phase } from './errors'
export type { ClientOptions, GetJobStatusOptions, PollJobStatusOptions } from './options'
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
export type { JobStatusData } from './status'
