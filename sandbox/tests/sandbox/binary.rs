//! The program: one line out, and gone when its input ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::client::{now, sign};

fn start(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_smileid-jobs-sandbox"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Exit code, standard output and standard error of a run that ends by itself.
fn end(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn serves_until_its_input_ends_and_prints_nothing_else() {
    let mut child = start(&["--partner-id", "085", "--api-key", "CANARY-key", "--max-timestamp-age-seconds", "5"]);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let started: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(started["partner_id"], "085");
    assert_eq!(started["api_key"], "CANARY-key");
    let address = started["url"].as_str().unwrap().strip_prefix("http://127.0.0.1:").unwrap().to_owned();

    let timestamp = now();
    let signature = sign("CANARY-key", &timestamp, "085");
    let body = format!(
        r#"{{"partner_id":"085","user_id":"CANARY-user","job_id":"complete","timestamp":"{timestamp}","signature":"{signature}"}}"#
    );
    let mut stream = TcpStream::connect(format!("127.0.0.1:{address}")).unwrap();
    write!(stream, "POST /v1/job_status HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("CANARY-user"));

    drop(child.stdin.take());
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    let (code, _, errors) = end(child);
    assert_eq!((code, rest.as_str(), errors.as_str()), (Some(0), "", ""));
    assert!(TcpStream::connect(format!("127.0.0.1:{address}")).is_err());
}

#[test]
fn mistakes_go_to_standard_error_with_code_2() {
    for arguments in [
        &["--prot", "0"][..],
        &["--port"],
        &["--port", "x"],
        &["--port", "65536"],
        &["extra"],
        &["--host", "0.0.0.0"],
        &["--host", "localhost"],
        &["--api-key", ""],
        &["--max-timestamp-age-seconds", "-1"],
        &["--allow-remote=yes"],
    ] {
        let (code, output, errors) = end(start(arguments));
        assert_eq!((code, output.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(errors.starts_with("smileid-jobs-sandbox: "), "{arguments:?}: {errors}");
    }
}

#[test]
fn help_names_every_option() {
    let (code, output, _) = end(start(&["--help"]));
    assert_eq!(code, Some(0));
    for option in ["--port", "--host", "--partner-id", "--api-key", "--max-timestamp-age-seconds", "--allow-remote"] {
        assert!(output.contains(option), "{option}");
    }
}
