//! Names the shared library inside itself, so that programs ask for the ABI they were linked with.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let version = |part: &str| std::env::var(format!("CARGO_PKG_VERSION_{part}")).unwrap_or_default();
    // Before 1.0 a minor version may break, and has an ABI of its own.
    let abi = match version("MAJOR").as_str() {
        "0" => format!("0.{}", version("MINOR")),
        major => major.to_owned(),
    };
    let arguments = match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        // Never unloaded: its runtime's threads would be left without their code.
        Ok("linux") => vec![format!("-Wl,-soname,libsmileid_jobs.so.{abi}"), "-Wl,-z,nodelete".to_owned()],
        Ok("macos") => vec![format!("-Wl,-install_name,@rpath/libsmileid_jobs.{abi}.dylib")],
        // Windows has no such name: there the file's own counts.
        _ => vec![],
    };
    for argument in arguments {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}
