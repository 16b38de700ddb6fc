//! Runs racklens and ends with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    racklens::run(std::env::args_os())
}
