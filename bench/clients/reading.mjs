// Reads everything of a status, as the peers do: what stays lazy has not been read.

let sink

export function readAll(status) {
  if (status.result) read(status.result)
  for (const entry of status.history) read(entry)
  return sink
}

function read(result) {
  const { smileJobId, resultCode, resultText, resultType, isFinalResult, isMachineResult, confidenceValue, source } = result
  const { jsonVersion, timestamp, signature, partnerParams, antifraud, idResponse, actions, fields } = result
  sink = [smileJobId, resultCode, resultText, resultType, isFinalResult, isMachineResult, confidenceValue, source]
  sink = [jsonVersion, timestamp, signature]
  if (partnerParams) {
    const { userId, jobId, jobType, extras } = partnerParams
    sink = [userId, jobId, jobType, extras]
  }
  if (antifraud) {
    const { fraudDetected, fraudSources, resultCode: code, resultText: text, suspectUsers } = antifraud
    sink = [fraudDetected, fraudSources, code, text, suspectUsers]
  }
  if (idResponse) readId(idResponse)
  sink = Object.values(actions)
  sink = Object.values(fields)
}

function readId(id) {
  const { country, idType, idNumber, secondaryIdNumber, expirationDate, issuanceDate, fullName, firstName, lastName } = id
  const { otherName, dob, gender, address, phoneNumber, phoneNumber2, email, nationality, photo, document, isAlive } = id
  const { idNumberPreviouslyRegistered, userIdsOfPreviousRegistrants, fullData } = id
  sink = [country, idType, idNumber, secondaryIdNumber, expirationDate, issuanceDate, fullName, firstName, lastName]
  sink = [otherName, dob, gender, address, phoneNumber, phoneNumber2, email, nationality, photo, document, isAlive]
  sink = [idNumberPreviouslyRegistered, userIdsOfPreviousRegistrants, fullData]
}
