// Polls one job to its end and prints what came of it.

import { AuthenticationError, Client } from 'smileid-jobs'

// SMILEID_PARTNER_ID, SMILEID_API_KEY, and SMILEID_ENVIRONMENT or SMILEID_BASE_URL
const client = Client.fromEnv()
try {
  const status = await client.pollJobStatus('user-1', 'pending-2', {
    returnHistory: true,
    returnImageLinks: true,
    initialDelayMs: 200,
  })
  if (status.jobComplete) {
    const { resultCode, resultText } = status.result ?? {}
    console.log(`succeeded: ${status.jobSuccess} (code ${resultCode ?? '-'}, ${resultText ?? '-'})`)
    console.log(`history: ${status.history.length} results`)
    console.log(`images: selfie and ${status.imageLinks?.livenessImages.length ?? 0} liveness`)
  } else {
    console.log('not ready yet; ask again later')
  }
} catch (error) {
  if (!(error instanceof AuthenticationError)) throw error
  console.log(`check key and environment: ${error.message}`)
}
