//! `completions`: a script that teaches a shell the command line.

use clap::{Args, CommandFactory as _};

use crate::{
    cli::Cli,
    failure::{Exit, Failure},
    ui,
};

#[derive(Debug, Args)]
pub struct Completions {
    shell: clap_complete::Shell,
}

pub fn run(args: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "racklens", &mut script);
    ui::result(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Fine)
}
