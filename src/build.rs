//! Links the optimised program to a fixed address on Linux, as Go's linker does by default.
//!
//! A quarter of a million addresses in AWS's clients would otherwise be written anew at each start:
//! of sixty megabytes that reading a rack takes, nine would be for that. Libraries, stack and heap
//! still lie where the kernel draws them.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script of its target by the environment"
)]

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|it| it == value);
    // Other C libraries and linkers have their own ideas of what begins a program.
    let glibc = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if glibc && is("PROFILE", "release") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
