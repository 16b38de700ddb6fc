//! What the next machine of an Auto Scaling group would be, where it has none now.

use super::Case;
use crate::{
    id::ResourceId,
    kind::{
        auto_scaling_group::AutoScalingGroup,
        launch_configuration::{Device, LaunchConfiguration},
        launch_template::LaunchTemplate,
    },
    snapshot::Resource,
};

/// What a group says of its next machine; what is absent is left to the image, the subnet or the
/// account.
#[derive(Debug)]
pub struct Next<'a> {
    pub group: &'a Resource,
    pub attrs: &'a AutoScalingGroup,
    /// The template or the configuration that says it.
    pub from: &'a ResourceId,
    pub instance_type: Option<&'a str>,
    pub metadata_endpoint: Option<&'a str>,
    pub metadata_tokens: Option<&'a str>,
    pub public_ip: Option<bool>,
    pub security_groups: &'a [String],
    /// The disks of which it says something.
    pub devices: &'a [Device],
}

/// The rack's groups that have no machine, with what they would launch, where that was read.
pub fn empty_groups<'a>(case: &Case<'a>) -> impl Iterator<Item = Next<'a>> + use<'a> {
    let case = *case;
    let groups = case.ours::<AutoScalingGroup>();
    let groups: Vec<(&Resource, &AutoScalingGroup)> =
        groups.filter(|(_, it)| it.instances.is_empty()).collect();
    groups
        .into_iter()
        .filter_map(move |(it, attrs)| of_template(&case, it, attrs).or(of_old(&case, it, attrs)))
}

fn of_template<'a>(
    case: &Case<'a>,
    group: &'a Resource,
    attrs: &'a AutoScalingGroup,
) -> Option<Next<'a>> {
    let (from, template) = case
        .graph
        .get_as::<LaunchTemplate>(attrs.launch_template.as_deref()?)?;
    let number = match attrs.launch_template_version.as_deref() {
        Some("$Latest") => template.latest_version,
        None | Some("$Default") => template.default_version,
        Some(number) => number.parse().ok()?,
    };
    let mut versions = template.versions.known()?.iter();
    let version = versions.find(|it| it.number == number)?;
    Some(Next {
        group,
        attrs,
        from: &from.id,
        instance_type: version.instance_type.as_deref(),
        metadata_endpoint: version.metadata_endpoint.as_deref(),
        metadata_tokens: version.metadata_tokens.as_deref(),
        public_ip: version.public_ip,
        security_groups: &version.security_groups,
        devices: &version.devices,
    })
}

fn of_old<'a>(
    case: &Case<'a>,
    group: &'a Resource,
    attrs: &'a AutoScalingGroup,
) -> Option<Next<'a>> {
    let (from, it) = case
        .graph
        .get_as::<LaunchConfiguration>(attrs.launch_configuration.as_deref()?)?;
    Some(Next {
        group,
        attrs,
        from: &from.id,
        instance_type: Some(it.instance_type.as_str()).filter(|it| !it.is_empty()),
        metadata_endpoint: it.metadata_endpoint.as_deref(),
        metadata_tokens: it.metadata_tokens.as_deref(),
        public_ip: it.public_ip,
        security_groups: &it.security_groups,
        devices: &it.devices,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{Fact, launch_template::Version},
        testing,
    };

    #[test]
    fn the_version_that_the_group_names_tells_what_its_next_machine_is() {
        let version = |number, tokens: &str| Version {
            number,
            metadata_tokens: Some(tokens.to_owned()),
            ..Version::default()
        };
        let template = LaunchTemplate {
            default_version: 1,
            latest_version: 2,
            versions: Fact::Known(vec![version(1, "optional"), version(2, "required")]),
        };
        for (named, tokens) in [
            (Some("$Latest"), Some("required")),
            (Some("$Default"), Some("optional")),
            (None, Some("optional")),
            (Some("2"), Some("required")),
            (Some("3"), None),
        ] {
            let group = AutoScalingGroup {
                launch_template: Some("lt-1".to_owned()),
                launch_template_version: named.map(str::to_owned),
                ..AutoScalingGroup::default()
            };
            let all = [
                Resource::new("workers", group),
                Resource::new("lt-1", template.clone()),
            ];
            let said = |case: &Case<'_>| {
                let next = empty_groups(case).next();
                next.and_then(|it| it.metadata_tokens.map(str::to_owned))
            };
            let said = testing::owned(&all, &[], |_| true, said);
            assert_eq!(said.as_deref(), tokens, "{named:?}");
        }
    }
}
