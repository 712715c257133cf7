"""Polls one job to its end and prints what came of it."""

from smileid_jobs import AuthenticationError, Client


def main() -> None:
    # SMILEID_PARTNER_ID, SMILEID_API_KEY, and SMILEID_ENVIRONMENT or SMILEID_BASE_URL
    with Client.from_env() as client:
        try:
            status = client.poll_job_status(
                "user-1", "pending-2", return_history=True, return_image_links=True, initial_delay=0.2
            )
        except AuthenticationError as error:
            print(f"check key and environment: {error}")
            return
    if not status.job_complete:
        print("not ready yet; ask again later")
        return
    code, text = (status.result.result_code, status.result.result_text) if status.result else (None, None)
    print(f"succeeded: {status.job_success} (code {code}, {text})")
    print(f"history: {len(status.history)} results")
    print(f"images: selfie and {len(status.image_links.liveness_images) if status.image_links else 0} liveness")


if __name__ == "__main__":
    main()
