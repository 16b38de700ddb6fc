//! The strict account is strict: what the proofs of a teardown stand on.

use std::process::Command;

use crate::support::{
    emulator::{self, Emulator, SOURCE},
    program::{racklens, run},
    strict::Strict,
};

#[test]
fn every_forbidden_call_is_refused_as_aws_refuses_it() {
    let account = Strict::start(&[]);
    let check = Command::new(emulator::interpreter())
        .args(["-m", "strict.check", &account.emulator.endpoint])
        .current_dir(SOURCE)
        .envs(account.emulator.env())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&check.stdout);
    assert!(check.status.success(), "{said}");
    assert!(said.lines().count() > 40, "{said}");
    // And what was refused can be read.
    let refusals = account.refusals();
    let of_subnet = |it: &&crate::support::strict::Refusal| it.call == "ec2:DeleteSubnet";
    let refused = refusals.iter().find(of_subnet).unwrap();
    assert_eq!(refused.code, "DependencyViolation");
    assert_eq!(refused.status, 400);
    assert!(refused.resource.starts_with("subnet-"), "{refused:?}");
}

/// The racks of `tests/emulator/racks` as they stand in an account, and their names.
const RACKS: &[(&[&str], &[&str])] = &[
    (
        &["karim_test", "karim_staging", "neighbours"],
        &["karim-test", "karim-staging"],
    ),
    (&["cruddur"], &["cruddur"]),
    (&["ecs_cluster"], &["ecs-cluster"]),
    (&["ecstest"], &["ECSTEST"]),
];

#[test]
fn all_racks_stand_in_it_and_can_be_read() {
    for (racks, names) in RACKS {
        let account = Strict::start(racks);
        let before = account.fingerprint();
        for name in *names {
            let (code, stdout, stderr) = snapshot(&account.emulator, name);
            assert_eq!(code, 0, "{name}: {stderr}");
            assert!(stdout.contains("\"gaps\": []"), "{name}: {stderr}");
        }
        assert_eq!(account.refusals(), [], "{racks:?}");
        assert_eq!(account.writes(), [], "{racks:?}");
        assert_eq!(account.fingerprint(), before, "{racks:?}");
    }
}

fn snapshot(emulator: &Emulator, rack: &str) -> (i32, String, String) {
    run(racklens()
        .envs(emulator.env())
        .args(["snapshot", "--rack", rack, "-o", "-"]))
}
