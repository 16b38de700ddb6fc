//! Reads IAM instance profiles: one listing, which leaves out tags.

use aws_sdk_iam::types;
use futures_util::future::BoxFuture;

use super::InstanceProfile;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape,
    },
    kind::Kind,
    snapshot::Resource,
};

const PROFILES: Call = Call::new(Service::Iam, "ListInstanceProfiles");

pub const READING: Reading = Reading {
    calls: &[PROFILES],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::InstanceProfile);
        let pages = aws
            .iam
            .list_instance_profiles()
            .into_paginator()
            .items()
            .send();
        found.pages(PROFILES, pages, resource).await;
        found
    })
}

fn resource(profile: types::InstanceProfile) -> Result<Resource, Missing> {
    let name = profile.instance_profile_name.need("InstanceProfileName")?;
    let roles: Result<Vec<String>, Missing> = profile
        .roles
        .into_iter()
        .map(|it| it.role_name.need("RoleName"))
        .collect();
    let attrs = InstanceProfile {
        path: profile.path,
        roles: roles?,
    };
    Ok(Resource::new(name, attrs)
        .arn(Some(profile.arn).filter(|it| !it.is_empty()))
        .created(shape::time(Some(profile.create_date))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, testing::replay::Tape};

    fn page(profiles: &str, more: &str) -> String {
        format!(
            "<ListInstanceProfilesResponse><ListInstanceProfilesResult>
             <InstanceProfiles>{profiles}</InstanceProfiles>{more}
             </ListInstanceProfilesResult></ListInstanceProfilesResponse>"
        )
    }

    #[tokio::test]
    async fn pages_of_profiles_become_one_listing() {
        let more = "<IsTruncated>true</IsTruncated><Marker>m</Marker>";
        let tape = Tape::default()
            .answer(
                200,
                page(
                    "<member><InstanceProfileName>a</InstanceProfileName>
                       <Roles><member><RoleName>instances</RoleName></member></Roles></member>",
                    more,
                ),
            )
            .answer(200, page("<member><Path>/</Path></member>", ""));
        let found = list(&tape.aws()).await;
        let profile = InstanceProfile::of(&found.resources[0].attrs).unwrap();
        assert_eq!(profile.roles, ["instances"]);
        let message = &found.gaps[0].message;
        assert_eq!(message, "the answer has no InstanceProfileName");
    }
}
