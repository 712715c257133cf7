//! Runs a local Smile ID until standard input closes.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt as _};
use serde_json::json;
use smileid_jobs_sandbox::{Builder, Sandbox};

const HELP: &str = "\
A local Smile ID to develop and test against.

Prints one line of JSON, {\"url\", \"partner_id\", \"api_key\"}, and serves until standard input closes.

  --port N                       the port to listen on; 0, the default, takes a free one
  --host ADDRESS                 127.0.0.1 by default
  --partner-id ID                001 by default
  --api-key KEY                  apikey by default
  --max-timestamp-age-seconds N  300 by default
  --allow-remote                 lets --host be other than loopback
";

fn main() -> ExitCode {
    match run(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(io::stderr().lock(), "smileid-jobs-sandbox: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<(), String> {
    let Some(builder) = read(arguments).map_err(|error| error.to_string())? else {
        return io::stdout().write_all(HELP.as_bytes()).map_err(|error| error.to_string());
    };
    let sandbox = builder.start().map_err(|error| error.to_string())?;
    let line = json!({
        "url": sandbox.url(),
        "partner_id": sandbox.partner_id(),
        "api_key": sandbox.api_key(),
    });
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush()).map_err(|error| error.to_string())?;
    io::copy(&mut io::stdin().lock(), &mut io::sink()).map_err(|error| error.to_string())?;
    if !sandbox.is_running() {
        return Err("stopped by a defect of its own".to_owned());
    }
    Ok(())
}

/// `None` asks for the help text.
fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Builder>, lexopt::Error> {
    let mut parser = Parser::from_iter(arguments);
    let mut builder = Sandbox::builder();
    while let Some(argument) = parser.next()? {
        builder = match argument {
            Arg::Long("port") => builder.port(parser.value()?.parse()?),
            Arg::Long("host") => builder.host(parser.value()?.parse()?),
            Arg::Long("partner-id") => builder.partner_id(parser.value()?.string()?),
            Arg::Long("api-key") => builder.api_key(parser.value()?.string()?),
            Arg::Long("max-timestamp-age-seconds") => {
                builder.max_timestamp_age(Duration::from_secs(parser.value()?.parse()?))
            }
            Arg::Long("allow-remote") => builder.allow_remote(true),
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            other => return Err(other.unexpected()),
        };
    }
    Ok(Some(builder))
}
