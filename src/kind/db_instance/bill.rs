//! What a database of RDS bills for: the names that the price list has for engines and disks.

use crate::charge::Charge;

/// Above these sizes, in GiB, a gp3 disk is striped and comes with more.
const STRIPED: u32 = 400;
const STRIPED_ORACLE: u32 = 200;

/// In how many zones a database keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zones {
    One,
    /// One copy that answers, and one that waits.
    Two,
    /// One that is written to and two that are read from.
    Three,
}

impl Zones {
    fn instance(self) -> &'static str {
        match self {
            Self::One => "InstanceUsage",
            Self::Two => "Multi-AZUsage",
            Self::Three => "Multi-AZClusterUsage",
        }
    }

    fn storage(self) -> &'static str {
        match self {
            Self::One => "",
            Self::Two => "Multi-AZ-",
            Self::Three => "Multi-AZCluster-",
        }
    }
}

/// Whether the data lies in a store of its cluster, and not on disks of its instances.
pub fn has_shared_storage(engine: &str) -> bool {
    let engines = ["aurora", "docdb", "neptune"];
    engines.iter().any(|it| engine.starts_with(it))
}

/// Whether its cluster pays for the storage alone and not for each request to it.
pub fn is_io_optimized(storage_type: &str) -> bool {
    storage_type.ends_with("-iopt1")
}

/// The service under which the price list has an engine.
pub fn service(engine: &str) -> &'static str {
    match engine {
        "docdb" => "AmazonDocDB",
        "neptune" => "AmazonNeptune",
        _ => "AmazonRDS",
    }
}

/// The hours of an instance, or of the three of a Multi-AZ cluster.
pub fn hours(
    engine: &str,
    license: Option<&str>,
    class: &str,
    storage_type: &str,
    zones: Zones,
) -> Charge {
    let component = "instance hours";
    if class == "db.serverless" {
        return capacity_units(engine, storage_type);
    }
    // Instances of a cluster with shared storage have one price, wherever the others are.
    let name = if is_io_optimized(storage_type) {
        "InstanceUsageIOOptimized"
    } else if has_shared_storage(engine) {
        Zones::One.instance()
    } else {
        zones.instance()
    };
    // The price list writes `db.m5.12xl` for `db.m5.12xlarge`.
    let class = class.replace("xlarge", "xl");
    let usage = format!("{name}:{class}{}", filter(engine, license));
    Charge::per_hour(component, service(engine), usage, 1)
}

/// What Serverless v2 uses of the capacity that it may use.
fn capacity_units(engine: &str, storage_type: &str) -> Charge {
    let usage = match (service(engine), is_io_optimized(storage_type)) {
        ("AmazonRDS", true) => "Aurora:ServerlessV2IOOptimizedUsage",
        ("AmazonRDS", false) => "Aurora:ServerlessV2Usage",
        _ => "ServerlessUsage",
    };
    let usage = format!("{usage}{}", filter(engine, None));
    Charge::metered("capacity units", service(engine), usage, "ACU-hour")
}

/// What one usage type is narrowed down by where it has a price for each engine.
fn filter(engine: &str, license: Option<&str>) -> String {
    if service(engine) != "AmazonRDS" {
        return String::new();
    }
    let (name, edition) = match engine {
        "mysql" => ("MySQL", None),
        "mariadb" => ("MariaDB", None),
        "postgres" => ("PostgreSQL", None),
        "aurora" | "aurora-mysql" => ("Aurora MySQL", None),
        "aurora-postgresql" => ("Aurora PostgreSQL", None),
        "oracle-ee" | "oracle-ee-cdb" => ("Oracle", Some("Enterprise")),
        "oracle-se2" | "oracle-se2-cdb" => ("Oracle", Some("Standard Two")),
        "sqlserver-ee" => ("SQL Server", Some("Enterprise")),
        "sqlserver-se" => ("SQL Server", Some("Standard")),
        "sqlserver-web" => ("SQL Server", Some("Web")),
        "sqlserver-ex" => ("SQL Server", Some("Express")),
        "db2-se" => ("Db2", Some("Standard")),
        "db2-ae" => ("Db2", Some("Advanced")),
        // No price is better than that of another engine.
        other => (other, None),
    };
    let edition = edition.map(|it| format!("|databaseEdition={it}"));
    let license = match license {
        Some("license-included") => "|licenseModel=License included",
        Some("bring-your-own-license") => "|licenseModel=Bring your own license",
        _ => "",
    };
    format!(
        "|databaseEngine={name}{}{license}",
        edition.unwrap_or_default()
    )
}

/// A disk that its own size and speed are billed for.
#[derive(Clone, Copy, Debug)]
pub struct Disk<'a> {
    pub engine: &'a str,
    /// AWS's word: `gp2`, `gp3`, `io1`, `io2`, `standard`.
    pub storage_type: &'a str,
    pub gib: u32,
    pub iops: u32,
    /// MiB/s.
    pub throughput: u32,
    pub zones: Zones,
}

impl Disk<'_> {
    pub fn charges(&self) -> Vec<Charge> {
        let named = |name: &str| format!("RDS:{}{name}", self.zones.storage());
        let month = |component, usage, units: u32| {
            Charge::per_month(component, "AmazonRDS", named(usage), units)
        };
        let size = |usage| month("storage", usage, self.gib);
        let iops = |usage, units: u32| (units > 0).then(|| month("IOPS", usage, units));
        match self.storage_type {
            "gp3" => {
                let (free_iops, free_throughput) = self.baseline();
                let throughput = self.throughput.saturating_sub(free_throughput);
                let throughput =
                    (throughput > 0).then(|| month("throughput", "GP3-Throughput", throughput));
                let iops = iops("GP3-PIOPS", self.iops.saturating_sub(free_iops));
                [Some(size("GP3-Storage")), iops, throughput]
                    .into_iter()
                    .flatten()
                    .collect()
            }
            "io1" => [Some(size("PIOPS-Storage")), iops("PIOPS", self.iops)]
                .into_iter()
                .flatten()
                .collect(),
            "io2" => [
                Some(size("PIOPS-Storage-IO2")),
                iops("PIOPS-IO2", self.iops),
            ]
            .into_iter()
            .flatten()
            .collect(),
            "standard" => vec![
                size("StorageUsage"),
                Charge::metered("requests", "AmazonRDS", "RDS:StorageIOUsage", "request"),
            ],
            other => vec![size(&format!("{}-Storage", other.to_uppercase()))],
        }
    }

    /// IOPS and MiB/s that come with the size of a gp3 disk.
    fn baseline(&self) -> (u32, u32) {
        let striped = match self.engine {
            it if it.starts_with("sqlserver") => u32::MAX,
            it if it.starts_with("oracle") => STRIPED_ORACLE,
            _ => STRIPED,
        };
        if self.gib < striped {
            (3000, 125)
        } else {
            (12_000, 500)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charge::Amount;

    fn usage(engine: &str, license: &str, class: &str, zones: Zones) -> String {
        hours(engine, Some(license), class, "gp3", zones).usage
    }

    fn bill(disk: Disk<'_>) -> Vec<String> {
        let line = |it: Charge| match it.amount {
            Amount::PerMonth(units) => format!("{} {units}", it.usage),
            Amount::PerHour(_) | Amount::Metered(_) | Amount::Unread(_) => it.usage,
        };
        disk.charges().into_iter().map(line).collect()
    }

    fn disk(storage_type: &str, gib: u32, iops: u32, throughput: u32) -> Disk<'_> {
        Disk {
            engine: "postgres",
            storage_type,
            gib,
            iops,
            throughput,
            zones: Zones::One,
        }
    }

    #[test]
    fn one_class_has_a_price_for_each_engine_edition_and_license() {
        assert_eq!(
            usage("postgres", "postgresql-license", "db.t3.micro", Zones::One),
            "InstanceUsage:db.t3.micro|databaseEngine=PostgreSQL"
        );
        assert_eq!(
            usage(
                "sqlserver-se",
                "license-included",
                "db.m5.12xlarge",
                Zones::Two
            ),
            "Multi-AZUsage:db.m5.12xl|databaseEngine=SQL Server|databaseEdition=Standard\
             |licenseModel=License included"
        );
    }

    #[test]
    fn engines_with_shared_storage_have_no_price_for_two_zones() {
        let aurora = usage("aurora-mysql", "", "db.r6g.large", Zones::Two);
        assert_eq!(
            aurora,
            "InstanceUsage:db.r6g.large|databaseEngine=Aurora MySQL"
        );
        let optimized = hours("docdb", None, "db.r6g.xlarge", "storage-iopt1", Zones::One);
        assert_eq!(optimized.usage, "InstanceUsageIOOptimized:db.r6g.xl");
        assert_eq!(optimized.service, "AmazonDocDB");
    }

    #[test]
    fn what_scales_by_itself_is_metered() {
        let charge = hours(
            "aurora-postgresql",
            None,
            "db.serverless",
            "aurora",
            Zones::One,
        );
        assert_eq!(charge.amount, Amount::Metered("ACU-hour"));
        assert_eq!(
            charge.usage,
            "Aurora:ServerlessV2Usage|databaseEngine=Aurora PostgreSQL"
        );
    }

    #[test]
    fn a_gp3_disk_pays_for_speed_above_what_its_size_brings() {
        assert_eq!(
            bill(disk("gp3", 200, 6000, 250)),
            [
                "RDS:GP3-Storage 200",
                "RDS:GP3-PIOPS 3000",
                "RDS:GP3-Throughput 125"
            ]
        );
        assert_eq!(bill(disk("gp3", 400, 12_000, 500)), ["RDS:GP3-Storage 400"]);
        let small_oracle = Disk {
            engine: "oracle-se2",
            ..disk("gp3", 200, 12_000, 500)
        };
        assert_eq!(bill(small_oracle), ["RDS:GP3-Storage 200"]);
        let sql_server = Disk {
            engine: "sqlserver-se",
            ..disk("gp3", 400, 4000, 125)
        };
        assert_eq!(
            bill(sql_server),
            ["RDS:GP3-Storage 400", "RDS:GP3-PIOPS 1000"]
        );
    }

    #[test]
    fn a_second_and_a_third_zone_have_prices_of_their_own() {
        let two = Disk {
            zones: Zones::Two,
            ..disk("gp2", 20, 0, 0)
        };
        assert_eq!(bill(two), ["RDS:Multi-AZ-GP2-Storage 20"]);
        let three = Disk {
            zones: Zones::Three,
            ..disk("io1", 100, 1000, 0)
        };
        assert_eq!(
            bill(three),
            [
                "RDS:Multi-AZCluster-PIOPS-Storage 100",
                "RDS:Multi-AZCluster-PIOPS 1000"
            ]
        );
    }

    #[test]
    fn a_magnetic_disk_pays_for_requests() {
        assert_eq!(
            bill(disk("standard", 5, 0, 0)),
            ["RDS:StorageUsage 5", "RDS:StorageIOUsage"]
        );
    }
}
