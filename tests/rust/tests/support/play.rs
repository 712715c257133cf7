//! Cases in a process of their own, so that their environment is their own too.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Plays one case with these variables, and without those.
pub(crate) fn play(with: &[(&str, &str)], without: &[&str], case: &Value) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drive-cases"));
    for name in without {
        command.env_remove(name);
    }
    let mut child = command
        .envs(with.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{case}").unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
    serde_json::from_str(&line).unwrap()
}
