/**
 * The typed view: plain data with names, made by the native core, frozen. `console.log` shows codes and flags only;
 * the properties themselves and `JSON.stringify` give everything. `fields`, `actions` and `extras` are what Smile ID
 * sent, with its own keys. Absent is `null`.
 */

import { inspect, type InspectOptions } from 'node:util'

/** An object with Smile ID's own keys. A value that no JavaScript type can hold stands as its raw JSON text. */
export type Wire = Record<string, unknown>

/** Data that prints a chosen part of itself. */
abstract class View {
  /** What may be printed. */
  protected abstract shown(): object

  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `${this.constructor.name} ${inspect(this.shown(), options)}`
  }
}

/** One result of a job: the verdict of a product. Every field may be absent, because products differ. */
export class JobResult extends View {
  /** Smile ID's own id of the job (`SmileJobID`). */
  declare readonly smileJobId: string | null
  /** The verdict's code (`ResultCode`), such as `0810`; what it means depends on the product. */
  declare readonly resultCode: string | null
  /** The verdict in words (`ResultText`). Not stable: decide by the code. */
  declare readonly resultText: string | null
  /** Who decided (`ResultType`): `SAIA` for a machine, `DIVA` for human review, or a product's name. */
  declare readonly resultType: string | null
  /** Whether no later result will follow (`IsFinalResult`). */
  declare readonly isFinalResult: boolean | null
  /** Whether a machine decided (`IsMachineResult`). */
  declare readonly isMachineResult: boolean | null
  /** How alike the faces are, in percent (`ConfidenceValue`). */
  declare readonly confidenceValue: number | null
  /** Where the job came from (`Source`), such as `WebAPI`. */
  declare readonly source: string | null
  /** The version of this format (`JSONVersion`). */
  declare readonly jsonVersion: string | null
  /** What was done and how it went (`Actions`). */
  declare readonly actions: Wire
  /** What the app sent along (`PartnerParams`). */
  declare readonly partnerParams: PartnerParams | null
  /** What Smile Secure found (`Antifraud`). */
  declare readonly antifraud: Antifraud | null
  /** The person's data from the id authority or document, if the product returns any. */
  declare readonly idResponse: IdResponse | null
  /** The result's own signed text, beside the envelope's. */
  declare readonly timestamp: string | null
  /** The result's own signature. As secret as the key while it is fresh. */
  declare readonly signature: string | null
  /** Every key as received. */
  declare readonly fields: Wire

  protected override shown(): object {
    const { resultCode, resultType, isFinalResult } = this
    return { resultCode, resultType, isFinalResult }
  }
}

/** What the app sent along with the job, and got back. */
export class PartnerParams extends View {
  /** The app's id of the user. */
  declare readonly userId: string | null
  /** The app's id of the job. */
  declare readonly jobId: string | null
  /** The product as a number: 1 Biometric KYC, 5 Enhanced KYC, 6 Document Verification and so on. */
  declare readonly jobType: number | null
  /** The app's own keys. */
  declare readonly extras: Wire

  protected override shown(): object {
    return { jobType: this.jobType }
  }
}

/** What Smile Secure found, in one view of both shapes that the API sends. */
export class Antifraud extends View {
  declare readonly fraudDetected: boolean | null
  declare readonly fraudSources: readonly string[]
  declare readonly resultCode: string | null
  declare readonly resultText: string | null
  declare readonly suspectUsers: readonly SuspectUser[]

  protected override shown(): object {
    return { fraudDetected: this.fraudDetected, resultCode: this.resultCode }
  }
}

/** A user whose face or data is like this one's. */
export class SuspectUser extends View {
  declare readonly userId: string | null
  declare readonly reasons: readonly string[]

  protected override shown(): object {
    return { reasons: this.reasons }
  }
}

/** The person's data from the id authority or document. Personal through and through: nothing of it is printed. */
export class IdResponse extends View {
  declare readonly country: string | null
  declare readonly idType: string | null
  declare readonly idNumber: string | null
  declare readonly secondaryIdNumber: string | null
  declare readonly expirationDate: string | null
  declare readonly issuanceDate: string | null
  declare readonly fullName: string | null
  declare readonly firstName: string | null
  declare readonly lastName: string | null
  declare readonly otherName: string | null
  declare readonly dob: string | null
  declare readonly gender: string | null
  declare readonly address: string | null
  declare readonly phoneNumber: string | null
  declare readonly phoneNumber2: string | null
  declare readonly email: string | null
  declare readonly nationality: string | null
  /** The photo as base64. */
  declare readonly photo: string | null
  /** The document's image as base64. */
  declare readonly document: string | null
  declare readonly isAlive: boolean | null
  declare readonly idNumberPreviouslyRegistered: boolean | null
  declare readonly userIdsOfPreviousRegistrants: readonly string[]
  /** What else the authority sent, with its own keys. */
  declare readonly fullData: Wire | null

  protected override shown(): object {
    return {}
  }
}

/** Links to the images of a job. They open without credentials for a while: do not log them. */
export class ImageLinks extends View {
  declare readonly selfieImage: string | null
  /** In the order of their numbers. */
  declare readonly livenessImages: readonly string[]
  /** What Smile ID says where there are no images. */
  declare readonly error: string | null
  /** Every key as received. */
  declare readonly fields: Wire

  protected override shown(): object {
    return { selfieImage: this.selfieImage === null ? null : '[link]', livenessImages: this.livenessImages.length }
  }
}

/** The data of a view's class, without its methods. */
type Data<Type> = { [Name in Exclude<keyof Type, typeof inspect.custom>]: Type[Name] }

function make<Type extends View>(type: new () => Type, data: Data<Type> | null): Type | null {
  return data && Object.freeze(Object.assign(new type(), data))
}

/** Gives a result that was just parsed its classes. */
export function resultFrom(data: Data<JobResult> | null): JobResult | null {
  if (data === null) return null
  const suspects = data.antifraud?.suspectUsers.map((suspect) => make(SuspectUser, suspect) as SuspectUser) ?? []
  const antifraud = data.antifraud && { ...data.antifraud, suspectUsers: Object.freeze(suspects) }
  return make(JobResult, {
    ...data,
    partnerParams: make(PartnerParams, data.partnerParams),
    antifraud: make(Antifraud, antifraud),
    idResponse: make(IdResponse, data.idResponse),
  })
}

/** Gives links that were just parsed their class. */
export function imageLinksFrom(data: Data<ImageLinks> | null): ImageLinks | null {
  return make(ImageLinks, data)
}
