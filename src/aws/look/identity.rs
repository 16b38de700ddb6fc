//! Looks at roles, keys and secrets. No secret's value is asked for.

use aws_sdk_ssm::types::ParameterStringFilter;

use super::{Look, Seen, There, told};
use crate::aws::{Aws, found::Missing, found::Need as _, shape};

const NO_ENTITY: &str = "NoSuchEntity";

pub(super) async fn role(aws: &Aws, name: &str) -> Look {
    let answer = aws.iam.get_role().role_name(name).send().await;
    let found = told(answer, &[NO_ENTITY])?.and_then(|it| it.role);
    Ok(found.map_or(Seen::Gone, |it| {
        There::made(shape::time(Some(it.create_date))).into()
    }))
}

pub(super) async fn profile(aws: &Aws, name: &str) -> Look {
    let request = aws.iam.get_instance_profile().instance_profile_name(name);
    let told = told(request.send().await, &[NO_ENTITY])?;
    let found = told.and_then(|it| it.instance_profile);
    Ok(found.map_or(Seen::Gone, |it| {
        There::made(shape::time(Some(it.create_date))).into()
    }))
}

pub(super) async fn policy(aws: &Aws, arn: &str) -> Look {
    let answer = aws.iam.get_policy().policy_arn(arn).send().await;
    let found = told(answer, &[NO_ENTITY])?.and_then(|it| it.policy);
    Ok(found.map_or(Seen::Gone, |it| {
        There::made(shape::time(it.create_date)).into()
    }))
}

pub(super) async fn key(aws: &Aws, id: &str) -> Look {
    let answer = aws.kms.describe_key().key_id(id).send().await;
    let Some(told) = told(answer, &["NotFoundException"])? else {
        return Ok(Seen::Gone);
    };
    let it = told.key_metadata.need("KeyMetadata")?;
    Ok(match it.key_state.as_ref().map(|it| it.as_str()) {
        // The day is set; until then a person can still take it back.
        Some("PendingDeletion" | "PendingReplicaDeletion") => Seen::Gone,
        state => There::made(shape::time(it.creation_date))
            .state(state)
            .into(),
    })
}

pub(super) async fn alias(aws: &Aws, name: &str) -> Look {
    let mut items = aws.kms.list_aliases().into_paginator().items().send();
    while let Some(item) = items.next().await {
        let it = told(item, &[])?.need("Aliases")?;
        if it.alias_name() == Some(name) {
            return Ok(There::made(shape::time(it.creation_date)).into());
        }
    }
    Ok(Seen::Gone)
}

pub(super) async fn secret(aws: &Aws, name: &str) -> Look {
    let answer = aws.secrets.describe_secret().secret_id(name).send().await;
    let told = told(answer, &["ResourceNotFoundException"])?;
    Ok(match told {
        None => Seen::Gone,
        // The day is set; until then it can be restored.
        Some(it) if it.deleted_date.is_some() => Seen::Gone,
        Some(it) => There::made(shape::time(it.created_date)).into(),
    })
}

pub(super) async fn parameter(aws: &Aws, name: &str) -> Look {
    let filter = ParameterStringFilter::builder().key("Name").values(name);
    let filter = filter.option("Equals").build();
    let filter = filter.map_err(|_| Missing("name"))?;
    let request = aws.ssm.describe_parameters().parameter_filters(filter);
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = told(page, &[])?.need("Parameters")?;
        if page.parameters().iter().any(|it| it.name() == Some(name)) {
            return Ok(There::default().into());
        }
    }
    Ok(Seen::Gone)
}
