/**
 * The typed view: plain frozen objects. The core sends a result's own JSON, or only its values where it has sent the keys
 * before; the readings below take the typed fields from it, and the core sends along only those that need its tolerant
 * readings (`sparse.rs`).
 *
 * `console.log` shows codes and flags only; the properties themselves and `JSON.stringify` give everything. `fields`,
 * `actions` and `extras` are what Smile ID sent, with its own keys. Absent is `null`.
 */

import { inspect, type InspectOptions } from 'node:util'

import native = require('./native')

/** An object with Smile ID's own keys. A value that no JavaScript type can hold stands as its raw JSON text. */
export type Wire = Record<string, unknown>

/** One result of a job: the verdict of a product. Every field may be absent, because products differ. */
export interface JobResult {
  /** Smile ID's own id of the job (`SmileJobID`). */
  readonly smileJobId: string | null
  /** The verdict's code (`ResultCode`), such as `0810`; what it means depends on the product. */
  readonly resultCode: string | null
  /** The verdict in words (`ResultText`). Not stable: decide by the code. */
  readonly resultText: string | null
  /** Who decided (`ResultType`): `SAIA` for a machine, `DIVA` for human review, or a product's name. */
  readonly resultType: string | null
  /** Whether no later result will follow (`IsFinalResult`). */
  readonly isFinalResult: boolean | null
  /** Whether a machine decided (`IsMachineResult`). */
  readonly isMachineResult: boolean | null
  /** How alike the faces are, in percent (`ConfidenceValue`). */
  readonly confidenceValue: number | null
  /** Where the job came from (`Source`), such as `WebAPI`. */
  readonly source: string | null
  /** The version of this format (`JSONVersion`). */
  readonly jsonVersion: string | null
  /** What was done and how it went (`Actions`). */
  readonly actions: Wire
  /** What the app sent along (`PartnerParams`). */
  readonly partnerParams: PartnerParams | null
  /** What Smile Secure found (`Antifraud`). */
  readonly antifraud: Antifraud | null
  /** The person's data from the id authority or document, if the product returns any. */
  readonly idResponse: IdResponse | null
  /** The result's own signed text, beside the envelope's. */
  readonly timestamp: string | null
  /** The result's own signature. As secret as the key while it is fresh. */
  readonly signature: string | null
  /** Every key as received. */
  readonly fields: Wire
}

/** What the app sent along with the job, and got back. */
export interface PartnerParams {
  /** The app's id of the user. */
  readonly userId: string | null
  /** The app's id of the job. */
  readonly jobId: string | null
  /** The product as a number: 1 Biometric KYC, 5 Basic and Enhanced KYC, 6 Document Verification and so on. */
  readonly jobType: number | null
  /** The app's own keys. */
  readonly extras: Wire
}

/** What Smile Secure found, in one view of both shapes that the API sends. */
export interface Antifraud {
  readonly fraudDetected: boolean | null
  readonly fraudSources: readonly string[]
  readonly resultCode: string | null
  readonly resultText: string | null
  readonly suspectUsers: readonly SuspectUser[]
}

/** A user whose face or data is like this one's. */
export interface SuspectUser {
  readonly userId: string | null
  readonly reasons: readonly string[]
}

/** The person's data from the id authority or document. Personal through and through: nothing of it is printed. */
export interface IdResponse {
  readonly country: string | null
  readonly idType: string | null
  readonly idNumber: string | null
  readonly secondaryIdNumber: string | null
  readonly expirationDate: string | null
  readonly issuanceDate: string | null
  readonly fullName: string | null
  readonly firstName: string | null
  readonly lastName: string | null
  readonly otherName: string | null
  readonly dob: string | null
  readonly gender: string | null
  readonly address: string | null
  readonly phoneNumber: string | null
  readonly phoneNumber2: string | null
  readonly email: string | null
  readonly nationality: string | null
  /** The photo as base64. */
  readonly photo: string | null
  /** The document's image as base64. */
  readonly document: string | null
  readonly isAlive: boolean | null
  readonly idNumberPreviouslyRegistered: boolean | null
  readonly userIdsOfPreviousRegistrants: readonly string[]
  /** What else the authority sent, with its own keys. */
  readonly fullData: Wire | null
}

/** Links to the images of a job. They open without credentials for a while: do not log them. */
export interface ImageLinks {
  readonly selfieImage: string | null
  /** In the order of their numbers. */
  readonly livenessImages: readonly string[]
  /** What Smile ID says where there are no images. */
  readonly error: string | null
  /** Every key as received. */
  readonly fields: Wire
}

/** How data of one kind prints: a chosen part of itself. One function for all of a kind, so that they keep one shape. @internal */
export function printing<Data extends object>(name: string, shown: (data: Data) => object): PropertyDescriptor {
  const value = function (this: Data, _depth: number, options: InspectOptions): string {
    return `${name} ${inspect(shown(this), options)}`
  }
  return { value }
}

const AS_RESULT = printing('JobResult', ({ resultCode, resultType, isFinalResult }: JobResult) => {
  return { resultCode, resultType, isFinalResult }
})
const AS_PARTNER_PARAMS = printing('PartnerParams', ({ jobType }: PartnerParams) => ({ jobType }))
const AS_ID_RESPONSE = printing('IdResponse', () => ({}))
const AS_SUSPECT_USER = printing('SuspectUser', ({ reasons }: SuspectUser) => ({ reasons }))
const AS_ANTIFRAUD = printing('Antifraud', ({ fraudDetected, resultCode }: Antifraud) => ({ fraudDetected, resultCode }))
const AS_IMAGE_LINKS = printing('ImageLinks', ({ selfieImage, livenessImages }: ImageLinks) => {
  return { selfieImage: selfieImage && '[link]', livenessImages: livenessImages.length }
})

/** Freezes data that was just parsed and lets it print only a chosen part of itself. For the rest it is a plain object. @internal */
export function seal<Data extends object>(data: Data, print: PropertyDescriptor): Data {
  return Object.freeze(Object.defineProperty(data, inspect.custom, print))
}

/** @internal */
export function sealResult(result: JobResult): JobResult {
  const { partnerParams, antifraud, idResponse } = result
  if (partnerParams) seal(partnerParams, AS_PARTNER_PARAMS)
  if (idResponse) seal(idResponse, AS_ID_RESPONSE)
  if (antifraud) {
    for (const user of antifraud.suspectUsers) seal(user, AS_SUSPECT_USER)
    seal(antifraud, AS_ANTIFRAUD)
  }
  return seal(result, AS_RESULT)
}

/**
 * The results in what the core hands over: for each its fields, 1 if there is an `idResponse`, and the typed fields that
 * the readings below would get wrong, or null. Which those are is the core's to know (`sparse.rs`). @internal
 */
export function resultsFrom(json: string): JobResult[] {
  return resultsIn(JSON.parse(json) as unknown[])
}

function resultsIn(told: readonly unknown[]): JobResult[] {
  const results: JobResult[] = []
  for (let at = 0; at < told.length; at += 3) {
    const result = resultOf(told[at] as Wire, told[at + 1] === 1)
    const fix = told[at + 2] as Partial<JobResult> | null
    results.push(sealResult(fix === null ? result : Object.assign(result, fix)))
  }
  return results
}

/** What results of one form have in common: their keys, whether any of them belongs to an `idResponse`, how many values. */
interface Form {
  readonly keys: Keys
  readonly hasId: boolean
  readonly count: number
}

/** The keys of an object, in their order, and for each of them which of all values it has, or the keys of an object. */
interface Keys {
  readonly names: readonly string[]
  readonly parts: readonly (number | Keys)[]
}

const MOST_FORMS = 16
const forms = new Map<number, Form>()

/** What stands before an empty text, and how many letters behind that there are for longer ones (`forms.rs`). */
const [EMPTY, LONGEST_COPIED] = [65, 12]

/**
 * The result in what the core hands over: as above, or the number of a form that was met before, its short values in one
 * text, and each other value. Most of the price of parsing is that of the keys. @internal
 */
export function resultFrom(json: string): JobResult | null {
  const told = JSON.parse(json) as unknown[]
  if (typeof told[0] !== 'number') return resultsIn(told)[0] ?? null
  const { keys, hasId, count } = forms.get(told[0]) ?? learnt(told[0])
  return sealResult(resultOf(filled(keys, valuesIn(told, count)), hasId))
}

function learnt(number: number): Form {
  const [fields, id, count] = JSON.parse(native.resultForm(number)) as [Wire, number, number]
  // Most of these the core has given up; whichever are met again are asked for again.
  if (forms.size === MOST_FORMS) forms.clear()
  const form = { keys: keysOf(fields), hasId: id === 1, count }
  forms.set(number, form)
  return form
}

function keysOf(object: Wire): Keys {
  const parts = Object.values(object).map((part) => (typeof part === 'number' ? part : keysOf(part as Wire)))
  return { names: Object.keys(object), parts }
}

function filled({ names, parts }: Keys, values: readonly unknown[]): Wire {
  // Not the copy of a pattern: those are dear as soon as there are more than a few patterns.
  const object: Wire = {}
  for (let at = 0; at < names.length; at++) {
    const part = parts[at] as number | Keys
    object[names[at] as string] = typeof part === 'number' ? values[part] : filled(part, values)
  }
  return object
}

/** The values behind a form's number. */
function valuesIn(told: readonly unknown[], count: number): unknown[] {
  const short = told[1] as string
  const values = new Array<unknown>(count)
  let [from, other] = [0, 2]
  for (let at = 0; at < count; at++) {
    const length = short.charCodeAt(from++) - EMPTY
    // A longer slice would be a window on the whole text, and keep all of it as long as somebody has one value.
    values[at] = length <= LONGEST_COPIED ? short.slice(from, (from += length)) : told[other++]
  }
  return values
}

// One literal for each kind, with every name in it, so that all objects of a kind have one shape.

function resultOf(fields: Wire, hasId: boolean): JobResult {
  return {
    smileJobId: text(fields['SmileJobID']),
    resultCode: text(fields['ResultCode']),
    resultText: text(fields['ResultText']),
    resultType: text(fields['ResultType']),
    isFinalResult: flag(fields['IsFinalResult']),
    isMachineResult: flag(fields['IsMachineResult']),
    confidenceValue: number(fields['ConfidenceValue']),
    source: text(fields['Source']),
    jsonVersion: text(fields['JSONVersion']),
    actions: object(fields['Actions']) ?? {},
    partnerParams: partnerParamsOf(object(fields['PartnerParams'])),
    antifraud: null,
    idResponse: hasId ? idResponseOf(fields) : null,
    timestamp: text(fields['timestamp']),
    signature: text(fields['signature']),
    fields,
  }
}

function partnerParamsOf(params: Wire | null): PartnerParams | null {
  if (params === null) return null
  const { user_id, job_id, job_type, ...extras } = params
  return { userId: text(user_id), jobId: text(job_id), jobType: number(job_type), extras }
}

function idResponseOf(fields: Wire): IdResponse {
  return {
    country: text(fields['Country']),
    idType: text(fields['IDType']),
    idNumber: text(fields['IDNumber']),
    secondaryIdNumber: text(fields['SecondaryIDNumber']),
    expirationDate: text(fields['ExpirationDate']),
    issuanceDate: text(fields['IssuanceDate']),
    fullName: text(fields['FullName']),
    firstName: text(fields['FirstName']),
    lastName: text(fields['LastName']),
    otherName: text(fields['OtherName']),
    dob: text(fields['DOB']),
    gender: text(fields['Gender']),
    address: text(fields['Address']),
    phoneNumber: text(fields['PhoneNumber']),
    phoneNumber2: text(fields['PhoneNumber2']),
    email: text(fields['Email']),
    nationality: text(fields['Nationality']),
    photo: text(fields['Photo']),
    document: text(fields['Document']),
    isAlive: flag(fields['IsAlive']),
    idNumberPreviouslyRegistered: flag(fields['IDNumberPreviouslyRegistered']),
    userIdsOfPreviousRegistrants: [],
    fullData: object(fields['FullData']),
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function flag(value: unknown): boolean | null {
  if (value === true || value === 'true') return true
  return value === false || value === 'false' ? false : null
}

function number(value: unknown): number | null {
  if (typeof value === 'string') return Number(value)
  return typeof value === 'number' ? value : null
}

function object(value: unknown): Wire | null {
  return typeof value === 'object' ? (value as Wire | null) : null
}

/** @internal */
export function sealImageLinks(links: ImageLinks): ImageLinks {
  return seal(links, AS_IMAGE_LINKS)
}
