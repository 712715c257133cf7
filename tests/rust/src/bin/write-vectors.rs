//! Writes the vectors that come from the core: `tests/vectors/defaults.json` and `errors.json`.
//!
//! `write-vectors DIRECTORY`; `make check` writes them elsewhere and compares.

use std::path::PathBuf;
use std::{env, fs, io};

use serde_json::{Value, json};
use smileid_jobs::config::{COUNTS, DURATIONS, FLAGS};
use smileid_jobs::{Environment, ErrorCode};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).unwrap_or_else(|| "tests/vectors".into()));
    for (name, vector) in [("defaults.json", defaults()), ("errors.json", errors())] {
        fs::write(folder.join(name), format!("{vector:#}\n"))?;
    }
    Ok(())
}

fn defaults() -> Value {
    let ms = |value: std::time::Duration| u64::try_from(value.as_millis()).unwrap_or(u64::MAX);
    let durations = DURATIONS.iter().flat_map(|argument| {
        argument.used_by.iter().map(|used_by| {
            json!({
                "argument": argument.name, "used_by": used_by, "kind": "duration_ms", "default": argument.default.map(ms),
                "min": ms(argument.min), "max": ms(argument.max), "unlimited": argument.unlimited,
            })
        })
    });
    let counts = COUNTS.iter().flat_map(|argument| {
        argument.used_by.iter().map(|used_by| {
            json!({
                "argument": argument.name, "used_by": used_by, "kind": "count", "default": argument.default,
                "min": argument.min, "max": argument.max, "unlimited": argument.default.is_none(),
            })
        })
    });
    let flags = FLAGS.iter().flat_map(|argument| {
        argument.used_by.iter().map(|used_by| {
            json!({ "argument": argument.name, "used_by": used_by, "kind": "flag", "default": argument.default })
        })
    });
    let environments = [Environment::Sandbox, Environment::Production].map(Environment::base_url);
    json!({
        "arguments": durations.chain(counts).chain(flags).collect::<Vec<_>>(),
        "environments": { "sandbox": environments[0], "production": environments[1] },
    })
}

fn errors() -> Value {
    ErrorCode::ALL
        .iter()
        .map(|code| {
            json!({
                "number": *code as i32, "code": code.as_str(), "class": code.class(), "base": code.base_class(),
                "python_bases": code.python_bases(), "retried": code.retried().as_str(), "summary": code.summary(),
                "advice": code.advice(),
            })
        })
        .collect()
}
