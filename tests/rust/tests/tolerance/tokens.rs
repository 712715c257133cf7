//! Tokens of `poll_step`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use smileid_jobs::{ErrorCode, PollStep};

use crate::few;
use crate::server::{JOB, USER, client, ok, run, signed};

fn token() -> String {
    let (client, _) = client(ok(signed(r#""job_complete":false"#)));
    match run(client.poll_step(USER, JOB)) {
        Ok(PollStep::Again { token, .. }) => token,
        other => unreachable!("{other:?}"),
    }
}

/// The step and the wait refuse it alike, and neither asks anything.
fn is_refused(token: &str) -> bool {
    let (client, seen) = client(ok(signed(r#""job_complete":true"#)));
    let step = run(client.poll_step(USER, JOB).token(token.to_owned())).map(drop);
    let wait = run(client.wait_until_complete(USER, JOB).token(token.to_owned())).map(drop);
    let code = |result: smileid_jobs::Result<()>| result.err().map(|error| error.code());
    [code(step), code(wait)] == [Some(ErrorCode::TokenMismatch); 2] && seen.lock().unwrap().is_empty()
}

#[test]
fn the_token_itself_is_taken() {
    assert!(!is_refused(&token()));
}

proptest! {
    #![proptest_config(few(300))]

    #[test]
    fn no_text_passes_for_a_token(text in any::<String>()) {
        prop_assert!(is_refused(&text));
    }

    #[test]
    fn no_bytes_pass_for_a_token(bytes in prop::collection::vec(any::<u8>(), 0..64), version in 0_u8..3) {
        let mut right = bytes.clone();
        right.resize(37, version);
        right[0] = version;
        for bytes in [bytes, right] {
            prop_assert!(is_refused(&URL_SAFE_NO_PAD.encode(bytes)));
        }
    }

    #[test]
    fn no_change_goes_unnoticed(at in any::<prop::sample::Index>(), cut in 0_usize..4, put in "[A-Za-z0-9_=-]{0,4}") {
        let good = token();
        let from = at.index(good.len());
        let mut changed = good.clone();
        changed.replace_range(from..(from + cut).min(good.len()), &put);
        prop_assert!(changed == good || is_refused(&changed), "{}", changed);
    }

    #[test]
    fn no_flipped_bit_goes_unnoticed(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut bytes = URL_SAFE_NO_PAD.decode(token()).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(is_refused(&URL_SAFE_NO_PAD.encode(bytes)));
    }
}
