//! Units of the price list, each under one name and with what it is counted over.

/// What a quantity is counted over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// So many for every hour.
    Hour,
    /// So many for a whole month. Taken for an hourly price it would come out 730 times too dear.
    Month,
    /// As often as it is used.
    Use,
}

/// A unit of the price list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// What a person calls one: "GB-month".
    pub name: &'static str,
    pub basis: Basis,
}

/// As the price list writes them; it has more than one word for some.
const UNITS: &[(&str, &str, Basis)] = &[
    ("Hrs", "hour", Basis::Hour),
    ("hours", "hour", Basis::Hour),
    ("GB-Hours", "GB-hour", Basis::Hour),
    ("vCPU-Hours", "vCPU-hour", Basis::Hour),
    ("LCU-Hrs", "LCU-hour", Basis::Hour),
    ("ReadCapacityUnit-Hrs", "unit-hour", Basis::Hour),
    ("WriteCapacityUnit-Hrs", "unit-hour", Basis::Hour),
    ("Parameter-hours", "parameter-hour", Basis::Hour),
    ("GB-Mo", "GB-month", Basis::Month),
    ("GB-month", "GB-month", Basis::Month),
    ("IOPS-Mo", "IOPS-month", Basis::Month),
    // 1024 MiB/s; the price of one MiB/s is a 1024th of it.
    ("GiBps-mo", "GiB/s-month", Basis::Month),
    ("MBPS-Mo", "MiB/s-month", Basis::Month),
    ("MiBps-Mo", "MiB/s-month", Basis::Month),
    ("Alarms", "alarm-month", Basis::Month),
    ("Metrics", "metric-month", Basis::Month),
    ("Keys", "key-month", Basis::Month),
    ("HostedZone", "zone-month", Basis::Month),
    ("Secrets", "secret-month", Basis::Month),
    ("GB", "GB", Basis::Use),
    ("Requests", "request", Basis::Use),
    ("IOs", "request", Basis::Use),
    ("Notifications", "notification", Basis::Use),
    ("Queries", "query", Basis::Use),
    ("Lambda-GB-Second", "GB-second", Basis::Use),
    ("ReadRequestUnits", "request unit", Basis::Use),
    ("WriteRequestUnits", "request unit", Basis::Use),
];

impl Unit {
    /// The unit that the price list writes so; `None` for one that we do not know how to count.
    pub fn parse(text: &str) -> Option<Self> {
        let found = UNITS.iter().find(|it| it.0 == text);
        found.map(|&(_, name, basis)| Self { name, basis })
    }

    /// The unit of a usage type where the price list only says that it is by the hour.
    #[must_use]
    pub fn of(self, usage: &str) -> Self {
        let told = |name| Self { name, ..self };
        if self.name != "hour" || !usage.contains("Fargate-") {
            return self;
        }
        match usage {
            it if it.contains("vCPU-Hours") => told("vCPU-hour"),
            it if it.contains("GB-Hours") => told("GB-hour"),
            _ => self,
        }
    }

    /// The unit that we call so.
    pub fn named(name: &str) -> Option<Self> {
        let found = UNITS.iter().find(|it| it.1 == name);
        found.map(|&(_, name, basis)| Self { name, basis })
    }
}
