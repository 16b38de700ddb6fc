//! Runs the program that is measured and watches what it takes.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::kernel;

/// How often the program is looked at. Its peak of memory is kept by the kernel, so only what it
/// does in its last moments can be missed.
const LOOK_EACH: Duration = Duration::from_millis(4);

/// The program: what `RACKLENS_BIN` names, else the one that was built with the benchmark.
pub fn program() -> PathBuf {
    std::env::var_os("RACKLENS_BIN").map_or_else(
        || PathBuf::from(env!("CARGO_BIN_EXE_racklens")),
        PathBuf::from,
    )
}

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    pub wall: Duration,
    /// Of all its threads, to 10 ms.
    pub cpu: Duration,
    pub peak_kib: u64,
    /// What of it is not a file's: without the program's own code.
    pub own_kib: u64,
}

/// Runs a command to its end.
///
/// # Errors
/// When it does not start or does not end with 0; then with what it said.
pub fn watch(command: &mut Command, log: &Path) -> Result<Taken, String> {
    let said = File::create(log).map_err(|it| it.to_string())?;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said);
    let begun = Instant::now();
    let mut child = command.spawn().map_err(|it| it.to_string())?;
    let (mut cpu, mut peak_kib, mut own_kib) = (Duration::ZERO, 0, 0);
    let status = loop {
        cpu = cpu.max(cpu_of(child.id()));
        let status = format!("/proc/{}/status", child.id());
        peak_kib = peak_kib.max(kernel::field(&status, "VmHWM:"));
        own_kib = own_kib.max(kernel::field(&status, "RssAnon:"));
        if let Some(status) = child.try_wait().map_err(|it| it.to_string())? {
            break status;
        }
        thread::sleep(LOOK_EACH);
    };
    let wall = begun.elapsed();
    if !status.success() {
        let said = fs::read_to_string(log).unwrap_or_default();
        return Err(format!("it ended with {status}:\n{said}"));
    }
    Ok(Taken {
        wall,
        cpu,
        peak_kib,
        own_kib,
    })
}

/// What all threads of a process have had of processors, to 10 ms.
fn cpu_of(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // After the name, which may hold anything, in its parentheses: `utime` and `stime` are the
    // twelfth and the thirteenth, in hundredths of a second on every Linux.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let ticks = rest.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|it| it.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks)
}
