//! Names the shared library inside itself, so that programs ask for the ABI they were linked with.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let major = std::env::var("CARGO_PKG_VERSION_MAJOR").unwrap_or_default();
    let arguments = match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        // Never unloaded: its runtime's threads would be left without their code.
        Ok("linux") => vec![format!("-Wl,-soname,libsmileid_jobs.so.{major}"), "-Wl,-z,nodelete".to_owned()],
        Ok("macos") => vec![format!("-Wl,-install_name,@rpath/libsmileid_jobs.{major}.dylib")],
        // Windows has no such name: there the file's own counts.
        _ => vec![],
    };
    for argument in arguments {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}
