//! The built program, run as a user runs it.

use std::process::Output;

use assert_cmd::Command;

/// racklens with an environment that holds nothing of the machine's AWS settings.
pub fn racklens() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_racklens"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// What a run came to: exit code, stdout, stderr.
pub fn run(command: &mut Command) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program starts");
    let text = |it: Vec<u8>| String::from_utf8(it).expect("output is UTF-8");
    (
        status.code().expect("it was not killed"),
        text(stdout),
        text(stderr),
    )
}
