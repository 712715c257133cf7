//! Writes `include/smileid_jobs.h` from the crate's public functions, or with `--check` compares it.
//!
//! `cargo run -p smileid-jobs-c --features header --bin write-header [-- --check]`

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let check = std::env::args().any(|argument| argument == "--check");
    match run(here, &here.join("include/smileid_jobs.h"), check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{message}\n").as_bytes());
            ExitCode::FAILURE
        }
    }
}

fn run(here: &Path, path: &Path, check: bool) -> Result<(), String> {
    let header = generate(here)?;
    if !check {
        return std::fs::write(path, header).map_err(|error| error.to_string());
    }
    match std::fs::read_to_string(path) {
        Ok(committed) if committed == header => Ok(()),
        _ => Err("include/smileid_jobs.h is not what the sources say: run `make -C bindings-c header`".to_owned()),
    }
}

fn generate(here: &Path) -> Result<String, String> {
    let mut config = cbindgen::Config::from_file(here.join("cbindgen.toml"))?;
    config.header = Some(include_str!("preface.txt").trim_end().to_owned());
    config.after_includes = Some(macros());
    let bindings =
        cbindgen::Builder::new().with_crate(here).with_config(config).generate().map_err(|error| error.to_string())?;
    let mut header = Vec::new();
    bindings.write(&mut header);
    String::from_utf8(header).map_err(|error| error.to_string())
}

/// What cbindgen cannot read out of Rust.
fn macros() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let (major, minor, patch) =
        (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH"));
    format!(
        r#"
/**
 * The version of this header; smileid_version() says the library's.
 */
#define SMILEID_VERSION "{version}"
#define SMILEID_VERSION_MAJOR {major}
#define SMILEID_VERSION_MINOR {minor}
#define SMILEID_VERSION_PATCH {patch}

/**
 * No limit, where a limit may be left out: in timeout_ms, max_age_ms and the retry_count of waits.
 */
#define SMILEID_NO_LIMIT UINT64_MAX

/**
 * What a getter returns for a number or a flag that is absent.
 */
#define SMILEID_UNSET (-1)"#
    )
}
