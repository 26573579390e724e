//! The ring table of ARCHITECTURE.md: which module is in which ring, and what a ring may use.

use std::collections::BTreeMap;

/// One row: `| 2 pure | `policy` `codec` `layer` | 0, 1; never each other |`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ring {
    /// `2 pure`.
    pub(crate) name: String,
    /// `2`, or `test`.
    pub(crate) label: String,
    /// Numbers of the rings that it may use.
    pub(crate) may_use: Vec<u32>,
    /// Whether its own modules may use one another.
    pub(crate) each_other: bool,
}

/// Module name to its ring.
#[derive(Debug)]
pub(crate) struct Table {
    rings: BTreeMap<String, Ring>,
}

impl Table {
    /// Finds the table (its head begins `| ring |`) in the text of the page.
    pub(crate) fn parse(page: &str) -> Result<Self, String> {
        let below_head = page.lines().skip_while(|line| !line.starts_with("| ring")).skip(2);
        let rows = below_head.take_while(|line| line.starts_with('|'));
        let mut rings = BTreeMap::new();
        for row in rows {
            let (ring, modules) =
                parse_row(row).ok_or_else(|| format!("not a row of the ring table: {row}"))?;
            for module in modules {
                if rings.insert(module.clone(), ring.clone()).is_some() {
                    return Err(format!("`{module}` is in the ring table twice"));
                }
            }
        }
        if rings.is_empty() {
            Err("there is no ring table (`| ring | ..`)".to_owned())
        } else {
            Ok(Self { rings })
        }
    }

    /// The ring of a top-level module.
    pub(crate) fn ring(&self, module: &str) -> Option<&Ring> {
        self.rings.get(module)
    }

    /// Why `from` may not use `to`; nothing when it may.
    pub(crate) fn refusal(&self, from: &str, to: &str) -> Option<String> {
        if from == to {
            return None;
        }
        let Some(target) = self.ring(to) else {
            return Some(format!("`{to}` is in no ring: name things by the module they live in"));
        };
        // A module without a ring is reported once, by itself.
        let source = self.ring(from)?;
        let same = source.label == target.label;
        let inward = target.label.parse().is_ok_and(|number| source.may_use.contains(&number));
        match (same, inward) {
            (true, _) if source.each_other => None,
            (true, _) => Some(format!("modules of ring {} never use each other", source.name)),
            (false, true) => None,
            (false, false) => Some(format!("ring {} may not use ring {}", source.name, target.name)),
        }
    }
}

fn parse_row(row: &str) -> Option<(Ring, Vec<String>)> {
    let cells: Vec<&str> = row.trim().trim_matches('|').split('|').map(str::trim).collect();
    let [name, modules, may_use] = cells.as_slice() else { return None };
    let label = name.split_whitespace().next()?.to_owned();
    let (numbers, remark) = may_use.split_once(';').unwrap_or((may_use, ""));
    let each_other = remark.trim() != "never each other";
    let ring = Ring { name: (*name).to_owned(), label, may_use: parse_numbers(numbers)?, each_other };
    // Every second piece between backticks is a module.
    let modules =
        modules.split('`').skip(1).step_by(2).map(|module| module.trim_end_matches("::*").to_owned());
    Some((ring, modules.collect()))
}

/// `-`, `0, 1`, `0-3`.
fn parse_numbers(text: &str) -> Option<Vec<u32>> {
    if text.trim() == "-" {
        return Some(Vec::new());
    }
    let mut numbers = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        numbers.extend(first.trim().parse::<u32>().ok()?..=last.trim().parse().ok()?);
    }
    Some(numbers)
}
