//! Auto Scaling groups that would not go, or would go on for hours.

use super::{Case, Evidence, Rule, Status, Verdict, Words, going};
use crate::{
    kind::{Kind, auto_scaling_group::AutoScalingGroup},
    snapshot::Resource,
    text,
};

pub const RULE: Rule = Rule {
    id: "asg-protected",
    words: include_str!("../../rules/asg-protected.toml"),
    needs: &[Kind::AutoScalingGroup],
    check,
};

fn check(case: &Case<'_>, words: &Words) -> Vec<Verdict> {
    let groups = going::of::<AutoScalingGroup>(case);
    groups
        .map(|(resource, group)| judge(words, resource, group))
        .collect()
}

fn judge(words: &Words, resource: &Resource, group: &AutoScalingGroup) -> Verdict {
    let id = &resource.id;
    let verdict = |status, why: String| Verdict::new(&RULE, words, id, status, why);
    let mut why = Vec::new();
    let mut evidence = Vec::new();
    if let Some(word) = group.deletion_protection.as_deref()
        && word != "none"
    {
        why.push(format!("its deletion protection is {word}"));
        evidence.push(Evidence::new(id, "DeletionProtection", word));
    }
    let there = group.instances.iter();
    let there = there.filter(|it| !matches!(&*it.lifecycle_state, "Terminated" | "Detached"));
    let (mut protected, mut waiting) = (Vec::new(), Vec::new());
    for member in there {
        if member.protected {
            protected.push(member.instance.as_str());
        }
        if member.lifecycle_state.ends_with(":Wait") {
            waiting.push(member.instance.as_str());
        }
    }
    if !protected.is_empty() {
        let number = text::count(protected.len(), "instance");
        why.push(format!(
            "{number} of it would not be taken away when it shrinks to nothing: {}",
            going::few(&protected)
        ));
        let path = "Instances.ProtectedFromScaleIn";
        evidence.push(Evidence::new(id, path, protected.join(", ")));
    } else if group.protects_new_instances {
        why.push("each instance that it yet launches would not be taken away again".to_owned());
        let path = "NewInstancesProtectedFromScaleIn";
        evidence.push(Evidence::new(id, path, "true"));
    }
    if !waiting.is_empty() {
        why.push(format!(
            "a lifecycle hook holds {}, by default for an hour",
            going::few(&waiting)
        ));
        let path = "Instances.LifecycleState";
        evidence.push(Evidence::new(id, path, waiting.join(", ")));
    }
    if group.warm_pool > 0 {
        let number = usize::try_from(group.warm_pool).unwrap_or(usize::MAX);
        let number = text::count(number, "instance");
        why.push(format!("{number} of its warm pool must go first"));
        let path = "WarmPoolConfiguration";
        evidence.push(Evidence::new(id, path, group.warm_pool.to_string()));
    }
    if why.is_empty() {
        let why = "nothing keeps it and its instances from going";
        return verdict(Status::Pass, why.to_owned());
    }
    verdict(Status::Fail, why.join("; ")).evidence(evidence)
}
