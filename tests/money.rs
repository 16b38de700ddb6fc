//! What AWS tells about money, from the command line to the answers and back: list prices, counts
//! of use, the account's free tier, what was spent.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::support::{
    program::{racklens, run},
    recorded::{Answer, Asked, Deed, Plan, Recorded, Served},
};

const SAMPLE: &str = "samples/karim-test/snapshot.json";
const REFUSED: &str = r#"{"__type": "AccessDeniedException", "message": "no"}"#;
/// What a machine costs an hour in the list that is served here, wherever it stands.
const HOUR: &str = "0.5";

/// AWS, as far as money is concerned. `None` for what it answers as it does on a good day.
fn aws(fault: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Served {
    let nobody = Recorded::take("127.0.0.1:1", |_| ());
    nobody.serve(Plan::default().fault(move |asked, _| {
        let answer = fault(asked).unwrap_or_else(|| good(asked));
        Some(Deed::Answer(answer))
    }))
}

fn good(asked: &Asked) -> Answer {
    match asked.call.as_str() {
        "pricing:GetProducts" => Answer::new(200, products(&asked.body)),
        "sts:GetCallerIdentity" => Answer::new(200, identity("123456789012")),
        "ce:GetCostAndUsage" => Answer::new(200, spent()),
        "cloudwatch:GetMetricData" => Answer::new(500, "<h1>Oops</h1>"),
        other => Answer::new(404, other.to_owned()),
    }
}

fn identity(account: &str) -> String {
    format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/me\
         </Arn><UserId>A</UserId><Account>{account}</Account></GetCallerIdentityResult>\
         </GetCallerIdentityResponse>"
    )
}

fn spent() -> String {
    json!({"ResultsByTime": [{"Estimated": true, "Groups": [
        {"Keys": ["Amazon \u{1b}[2J ECS"], "Metrics": {"UnblendedCost": {"Amount": "12.345", "Unit": "USD"}}},
    ]}]})
    .to_string()
}

/// One machine of the size that is asked for; of anything else there is none.
fn products(question: &[u8]) -> String {
    let question: Value = serde_json::from_slice(question).unwrap();
    let filters = question["Filters"].as_array().unwrap();
    let filter = |name: &str| {
        let mut filters = filters.iter().filter(|it| it["Field"] == name);
        Some(filters.next()?["Value"].as_str()?.to_owned())
    };
    let product = filter("instanceType").map(|size| {
        let region = filter("regionCode").unwrap();
        let prefix = if region == "us-east-1" { "" } else { "EUN1-" };
        let product = json!({
            "product": {"sku": "A", "productFamily": "Compute Instance", "attributes": {
                "regionCode": region, "usagetype": format!("{prefix}BoxUsage:{size}"),
                "operatingSystem": "Linux", "preInstalledSw": "NA", "tenancy": "Shared",
                "capacitystatus": "Used", "marketoption": "OnDemand",
            }},
            "serviceCode": "AmazonEC2",
            "terms": {"OnDemand": {"A.JRTCKXETXF": {"priceDimensions": {"A.JRTCKXETXF.6YS6EN2CT7": {
                "unit": "Hrs", "beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": HOUR},
            }}}}},
            "publicationDate": "2026-11-05T10:00:00Z",
        });
        product.to_string()
    });
    let list: Vec<String> = product.into_iter().collect();
    json!({"FormatVersion": "aws_v1", "PriceList": list}).to_string()
}

/// The sample, as if it stood in a region of which racklens brings no prices.
fn in_stockholm(folder: &Path) -> String {
    let mut sample: Value = serde_json::from_str(&fs::read_to_string(SAMPLE).unwrap()).unwrap();
    sample["region"] = "eu-north-1".into();
    let path = folder.join("stockholm.json");
    fs::write(&path, sample.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{}", self.stderr))
    }
}

/// Runs `cost` where only what is given could lead to AWS.
fn cost(from: &str, endpoint: &str, cache: &Path, args: &[&str]) -> Ran {
    let (code, stdout, stderr) = run(racklens()
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .env("AWS_MAX_ATTEMPTS", "1")
        .args(["cost", "--from", from, "--endpoint-url", endpoint])
        .arg("--cache")
        .arg(cache)
        .args(args));
    Ran {
        code,
        stdout,
        stderr,
    }
}

/// What instance hours cost, the sources and dates of their prices.
fn machines(bill: &Value) -> Vec<(String, String, String)> {
    let lines = bill["lines"].as_array().unwrap().iter();
    let lines = lines.filter(|it| it["component"] == "instance hours");
    let text = |it: &Value| it.as_str().unwrap_or("unknown").to_owned();
    lines
        .map(|it| (text(&it["price"]), text(&it["source"]), text(&it["as_of"])))
        .collect()
}

const JSON: [&str; 4] = ["--format", "json", "--by", "resource"];

fn with<'a>(args: &[&'a str]) -> Vec<&'a str> {
    JSON.iter().chain(args).copied().collect()
}

#[test]
fn live_prices_are_asked_for_once_and_then_known_offline() {
    let folder = tempfile::tempdir().unwrap();
    let stockholm = in_stockholm(folder.path());
    let aws = aws(|_| None);
    let live = with(&["--prices", "live"]);
    let first = cost(&stockholm, &aws.endpoint, folder.path(), &live);
    let told = |it: &Ran| {
        let machines = machines(&it.json());
        assert!(!machines.is_empty());
        machines
            .iter()
            .all(|it| (&*it.0, &*it.1, &*it.2) == (HOUR, "AWS Price List API", "2026-11-05"))
    };
    assert!(told(&first), "{}", first.stdout);
    assert!(!aws.requests().is_empty());
    let asked: Vec<String> = aws
        .requests()
        .iter()
        .map(|it| it.asked.call.clone())
        .collect();
    assert!(
        asked.iter().all(|it| it == "pricing:GetProducts"),
        "{asked:?}"
    );
    let kept = folder
        .path()
        .join("prices/AmazonEC2/eu-north-1/2026-11-05.json");
    assert!(kept.is_file());

    let nobody = "http://127.0.0.1:1";
    let second = cost(&stockholm, nobody, folder.path(), &live);
    assert!(told(&second), "{}", second.stderr);
    assert_eq!(
        second.code, 4,
        "other prices were asked for and did not come"
    );

    fs::write(&kept, "{\"format\": 1, \"rows\": [").unwrap();
    let third = cost(&stockholm, &aws.endpoint, folder.path(), &live);
    assert!(told(&third), "{}", third.stderr);
    assert!(
        third.stderr.contains("its prices are asked for anew"),
        "{}",
        third.stderr
    );
}

#[test]
fn a_file_is_counted_without_asking_anyone() {
    let folder = tempfile::tempdir().unwrap();
    let stockholm = in_stockholm(folder.path());
    let aws = aws(|_| None);
    for args in [&JSON[..], &with(&["--prices", "embedded"])] {
        let ran = cost(&stockholm, &aws.endpoint, folder.path(), args);
        let machines = machines(&ran.json());
        assert!(machines.iter().all(|it| it.0 == "unknown"), "{machines:?}");
    }
    assert!(aws.requests().is_empty());
}

#[test]
fn a_refusal_falls_back_on_the_regions_own_prices_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let aws = aws(|it| (it.call == "pricing:GetProducts").then(|| Answer::new(400, REFUSED)));
    let usual = cost(SAMPLE, &aws.endpoint, folder.path(), &JSON);
    let live = with(&["--prices", "live"]);
    let refused = cost(SAMPLE, &aws.endpoint, folder.path(), &live);
    assert_eq!((usual.code, refused.code), (0, 4));
    assert_eq!(usual.json()["total"], refused.json()["total"]);
    assert!(!usual.json()["total"].as_str().unwrap().starts_with("0."));
    let said = "pricing:GetProducts was denied (AccessDeniedException; needs pricing:GetProducts)";
    assert!(refused.stderr.contains(said), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("that racklens brings"),
        "{}",
        refused.stderr
    );

    let stockholm = in_stockholm(folder.path());
    let elsewhere = cost(&stockholm, &aws.endpoint, folder.path(), &live);
    let machines = machines(&elsewhere.json());
    assert!(machines.iter().all(|it| it.0 == "unknown"), "{machines:?}");
}

#[test]
fn without_credentials_the_list_is_not_heard_and_that_is_said() {
    let (code, stdout, stderr) = run(racklens().args([
        "cost",
        "--from",
        SAMPLE,
        "--prices",
        "live",
        "--cache",
        "/nonexistent/cache",
    ]));
    assert_eq!(code, 4, "{stderr}");
    assert!(stdout.contains("USD a month of 730 hours"), "{stdout}");
    assert!(stderr.contains("AWS's price list did not tell"), "{stderr}");
    assert!(stderr.contains("no credentials were found"), "{stderr}");
}

#[test]
fn a_region_without_a_list_in_dollars_lends_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = in_stockholm(folder.path());
    let china = fs::read_to_string(&path)
        .unwrap()
        .replace("eu-north-1", "cn-north-1");
    fs::write(&path, china).unwrap();
    let aws = aws(|_| None);
    let ran = cost(
        &path,
        &aws.endpoint,
        folder.path(),
        &with(&["--prices", "live"]),
    );
    assert!(
        ran.stderr
            .contains("no prices in US dollars for this region"),
        "{}",
        ran.stderr
    );
    assert!(aws.requests().is_empty());
}

#[test]
fn the_prices_that_a_snapshot_holds_are_counted_with_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut sample: Value = serde_json::from_str(&fs::read_to_string(SAMPLE).unwrap()).unwrap();
    let instances = sample["resources"].as_array().unwrap().iter();
    let mut sizes = instances.filter_map(|it| it["attrs"]["instance"]["instance_type"].as_str());
    let size = sizes.next().unwrap();
    sample["money"] = json!({"prices": {"chosen": "live", "rows": [{
        "service": "AmazonEC2", "region": "us-east-1", "usage": format!("BoxUsage:{size}"),
        "unit": "hour", "tiers": [{"from": "0", "price": "3"}], "source": "AWS Price List API",
        "as_of": "2020-01-01", "standing": "verified",
    }]}});
    let path = folder.path().join("stored.json");
    fs::write(&path, sample.to_string()).unwrap();
    let path = path.to_str().unwrap();
    let ran = cost(path, "http://127.0.0.1:1", folder.path(), &JSON);
    assert!(
        machines(&ran.json()).iter().any(|it| it.0 == "3"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr.contains("stored with the snapshot"),
        "{}",
        ran.stderr
    );
    let embedded = with(&["--prices", "embedded"]);
    let ran = cost(path, "http://127.0.0.1:1", folder.path(), &embedded);
    assert!(machines(&ran.json()).iter().all(|it| it.0 != "3"));
}

#[test]
fn what_was_spent_stands_beside_the_estimate_and_is_not_added() {
    let folder = tempfile::tempdir().unwrap();
    let aws = aws(|_| None);
    let usual = cost(SAMPLE, &aws.endpoint, folder.path(), &JSON);
    let ran = cost(SAMPLE, &aws.endpoint, folder.path(), &with(&["--actual"]));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.json()["total"], usual.json()["total"]);
    assert_eq!(ran.json()["actual"]["sum"], "12.35");
    assert_eq!(ran.json()["actual"]["requests"], 1);
    let page = cost(SAMPLE, &aws.endpoint, folder.path(), &["--actual"]).stdout;
    assert!(
        page.contains("1 request of 0.01 USD to Cost Explorer"),
        "{page}"
    );
    assert!(!page.contains('\u{1b}'), "{page}");
}

#[test]
fn an_account_that_is_not_the_snapshots_is_asked_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let aws = aws(|it| {
        (it.call == "sts:GetCallerIdentity").then(|| Answer::new(200, identity("999999999999")))
    });
    let ran = cost(
        SAMPLE,
        &aws.endpoint,
        folder.path(),
        &["--actual", "--usage", "cloudwatch"],
    );
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("credentials are of 999999999999"),
        "{}",
        ran.stderr
    );
    assert_eq!(aws.requests().len(), 1);
}

#[test]
fn use_that_cloudwatch_does_not_tell_stays_billed_by_use() {
    let folder = tempfile::tempdir().unwrap();
    let aws = aws(|it| (it.call == "ce:GetCostAndUsage").then(|| Answer::new(400, REFUSED)));
    let usual = cost(SAMPLE, &aws.endpoint, folder.path(), &JSON);
    let both = with(&["--actual", "--usage", "cloudwatch"]);
    let ran = cost(SAMPLE, &aws.endpoint, folder.path(), &both);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert_eq!(ran.json()["lines"], usual.json()["lines"]);
    assert!(ran.json()["actual"].is_null());
    for call in ["cloudwatch:GetMetricData", "ce:GetCostAndUsage"] {
        assert!(ran.stderr.contains(call), "{}", ran.stderr);
    }
}

/// The sample with what AWS told about money, as a snapshot holds it.
fn sample_with(folder: &Path, money: &Value) -> String {
    let mut sample: Value = serde_json::from_str(&fs::read_to_string(SAMPLE).unwrap()).unwrap();
    sample["money"] = money.clone();
    let path = folder.join("with-money.json");
    fs::write(&path, sample.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn what_cloudwatch_counted_once_is_counted_with_offline() {
    let folder = tempfile::tempdir().unwrap();
    let group = "karim-test-LogGroup-PUBRBTCTRYC";
    // 336 GiB in the 336 hours of two weeks are 730 GB in a month, at 0.50 each.
    let count = json!({
        "resource": format!("log-group/{group}"), "namespace": "AWS/Logs",
        "metric": "IncomingBytes", "dimensions": {"LogGroupName": group}, "statistic": "Sum",
        "value": (336_u64 << 30).to_string(),
    });
    let used = json!({"used": {
        "from": "2018-05-10T00:00:00Z", "to": "2018-05-24T00:00:00Z", "counts": [count],
    }});
    let path = sample_with(folder.path(), &used);
    let ran = cost(&path, "http://127.0.0.1:1", folder.path(), &JSON);
    let bill = ran.json();
    let mut lines = bill["lines"].as_array().unwrap().iter();
    let ingestion = lines.find(|it| {
        it["component"] == "ingestion" && it["resource"] == format!("log-group/{group}")
    });
    let line = ingestion.unwrap();
    assert_eq!(
        (&line["usd"], &line["quantity"]),
        (&json!("365.00"), &json!("730"))
    );
    assert_eq!(line["quantity_from"], "measured");
}

#[test]
fn the_accounts_own_count_of_the_free_tier_is_taken_from_the_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let offer = json!({
        "service": "Amazon Elastic Compute Cloud", "usage_type": "EBS:VolumeUsage",
        "operation": "", "region": "global", "kind": "12 Months Free", "actual": "25",
        "forecast": "31", "limit": "30", "unit": "GB-Mo", "description": "",
    });
    let told = json!({"free_tier": {
        "asked": "2018-05-01T17:53:44Z", "offers": {"known": [offer]}, "plan": {"known": null},
    }});
    let path = sample_with(folder.path(), &told);
    let args = ["--free-tier", "--opened", "2018-01-01", "--format", "json"];
    let bill = cost(&path, "http://127.0.0.1:1", folder.path(), &args).json();
    let allowances = bill["free_tier"]["allowances"].as_array().unwrap().iter();
    let mut disks = allowances.filter(|it| it["name"] == "EBS storage");
    assert_eq!(disks.next().unwrap()["counted_by_aws"]["actual"], "25");
}
