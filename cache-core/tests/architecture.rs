//! Imports point inward only. The ring table of ARCHITECTURE.md is the rule, this is its guard: an import that points
//! outward fails with its file, line and text, and so does a module that the table does not know.
//!
//! What counts: `use crate::x`, paths `crate::x::..` in code, and `super` chains that leave a top-level module.
//! What does not: comments, doc comments, strings, and code under `#[cfg(test)]`.

#[path = "architecture/imports.rs"]
mod imports;
#[path = "architecture/lex.rs"]
mod lex;
#[path = "architecture/sources.rs"]
mod sources;
#[path = "architecture/table.rs"]
mod table;

use sources::Source;
use table::Table;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ARCHITECTURE.md");
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// Every offence of the sources, one line each.
fn offences(table: &Table, sources: &[Source]) -> Vec<String> {
    let found: Vec<_> = sources.iter().map(|source| imports::read(&source.text, &source.module)).collect();
    let is_test = |source: &Source| {
        found.iter().flat_map(|found| &found.test_modules).any(|module| source.module.starts_with(module))
    };
    let mut offences = unknown_modules(table, sources, &found);
    for (source, found) in sources.iter().zip(&found).filter(|(source, _)| !is_test(source)) {
        for import in &found.imports {
            let Some(from) = &import.from else { continue };
            let Some(why) = table.refusal(from, &import.to) else { continue };
            let text = source.text.lines().nth(import.line - 1).unwrap_or_default().trim();
            offences.push(format!("{}:{}: `{text}`: {why}", source.path, import.line));
        }
    }
    offences
}

fn unknown_modules(table: &Table, sources: &[Source], found: &[imports::Found]) -> Vec<String> {
    let files = sources.iter().map(|source| &source.module);
    let declared = found.iter().flat_map(|found| &found.modules);
    let mut names: Vec<&String> = files.chain(declared).filter_map(|module| module.first()).collect();
    names.sort();
    names.dedup();
    let unknown = names.into_iter().filter(|name| table.ring(name).is_none());
    unknown.map(|name| format!("the module `{name}` is not in the ring table of ARCHITECTURE.md")).collect()
}

#[test]
fn imports_point_inward_only() {
    let table = Table::parse(&std::fs::read_to_string(PAGE).unwrap()).unwrap();
    let sources = sources::below(SOURCES.as_ref(), "cache-core/src").unwrap();
    assert!(sources.len() > 10, "the sources were not found: {}", sources.len());
    let offences = offences(&table, &sources);
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

#[cfg(test)]
mod checker {
    //! The guard itself, on small sources.

    use super::*;

    const TABLE: &str = "
words before
| ring | modules | may use |
|---|---|---|
| 0 words | `time` `error` | - |
| 1 ports | `port::*` | 0 |
| 2 pure | `policy` `codec` | 0, 1; never each other |
| 3 mechanisms | `tier` | 0-2; never each other |
| 4 engine | `engine` | 0-3 |
| 5 face | `manager` `private` | 0-4 |
| test | `testkit` | 0-2 |

words after
";

    const NONE: [&str; 0] = [];

    fn offences_of(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        offences(&Table::parse(TABLE).unwrap(), &sources)
    }

    #[test]
    fn an_import_outward_is_found_with_its_line_and_text() {
        let offences = offences_of(&[("codec/mod.rs", "//! Codec.\n\nuse crate::engine::Engine;\n")]);
        assert_eq!(
            offences,
            ["codec/mod.rs:3: `use crate::engine::Engine;`: ring 2 pure may not use ring 4 engine"]
        );
    }

    #[test]
    fn imports_inward_pass() {
        let engine = "use crate::tier::Tier;\nuse crate::{codec::{Frame, Seal}, time};\nuse super::Error;\n";
        let files = [
            ("engine/hot.rs", engine),
            ("manager.rs", "use crate::private::x;"),
            ("time.rs", "use crate::error::E;"),
        ];
        assert_eq!(offences_of(&files), NONE);
    }

    #[test]
    fn pure_modules_never_use_each_other() {
        let offences = offences_of(&[("codec/lz4.rs", "use crate::policy::Ttl;")]);
        assert_eq!(
            offences,
            ["codec/lz4.rs:1: `use crate::policy::Ttl;`: modules of ring 2 pure never use each other"]
        );
    }

    #[test]
    fn paths_in_code_count() {
        let offences = offences_of(&[("time.rs", "fn f() {\n    let x = crate::port::now();\n}")]);
        assert_eq!(
            offences,
            ["time.rs:2: `let x = crate::port::now();`: ring 0 words may not use ring 1 ports"]
        );
    }

    #[test]
    fn every_element_of_a_group_counts_on_its_own_line() {
        let source = "use crate::{\n    time::{Tick, Life},\n    engine::Engine,\n    manager,\n};";
        let offences = offences_of(&[("tier/mod.rs", source)]);
        assert_eq!(
            offences,
            [
                "tier/mod.rs:3: `engine::Engine,`: ring 3 mechanisms may not use ring 4 engine",
                "tier/mod.rs:4: `manager,`: ring 3 mechanisms may not use ring 5 face"
            ]
        );
    }

    #[test]
    fn super_chains_count_when_they_leave_the_module() {
        let source = "use super::Frame;\nuse super::super::engine::Engine;\nmod inner {\n    use super::super::super::tier::T;\n}\n";
        let lines: Vec<_> = offences_of(&[("codec/lz4.rs", source)]);
        assert_eq!(
            lines,
            [
                "codec/lz4.rs:2: `use super::super::engine::Engine;`: ring 2 pure may not use ring 4 engine",
                "codec/lz4.rs:4: `use super::super::super::tier::T;`: ring 2 pure may not use ring 3 mechanisms"
            ]
        );
    }

    #[test]
    fn a_super_inside_an_inline_module_stays_inside() {
        let source = "mod inner {\n    use super::engine::Own;\n}\nuse self::inner::x;";
        assert_eq!(offences_of(&[("codec/mod.rs", source)]), NONE);
    }

    #[test]
    fn comments_strings_and_characters_do_not_count() {
        let source = "//! [`x`](crate::engine::X)\n/* use crate::engine; /* nested crate::engine */ */\n\
            const A: &str = \"crate::engine \\\" crate::engine\";\nconst B: &str = r#\"crate::engine \"\"#;\n\
            const C: [char; 2] = ['\"', '\\''];\nfn f<'a>(x: &'a str) {}\nconst D: &[u8] = b\"crate::engine\";\n";
        assert_eq!(offences_of(&[("codec/mod.rs", source)]), NONE);
    }

    #[test]
    fn what_follows_a_quote_or_a_lifetime_is_still_read() {
        let source =
            "fn f<'a>(x: &'a str) -> char { '\\'' }\nconst R: &str = r\"\\\";\nuse crate::engine::E;";
        let offences = offences_of(&[("codec/mod.rs", source)]);
        assert_eq!(offences.len(), 1, "{offences:?}");
        assert!(offences[0].starts_with("codec/mod.rs:3: "), "{offences:?}");
    }

    #[test]
    fn testkit_is_for_tests_only() {
        let source = "use crate::testkit::Clock;\n#[cfg(test)]\nmod tests {\n    use crate::testkit::Clock;\n    fn f() { crate::engine::x() }\n}\n";
        let offences = offences_of(&[("engine/mod.rs", source)]);
        assert_eq!(
            offences,
            ["engine/mod.rs:1: `use crate::testkit::Clock;`: ring 4 engine may not use ring test"]
        );
    }

    #[test]
    fn code_after_a_test_item_is_read_again() {
        let source = "#[cfg(test)]\nuse crate::{engine::A, tier::B};\n#[cfg(test)]\n#[allow(x)]\nfn f(a: [u8; 3]) -> u8 { crate::engine::g() }\nuse crate::engine::C;\n";
        let offences = offences_of(&[("codec/mod.rs", source)]);
        assert_eq!(offences.len(), 1, "{offences:?}");
        assert!(offences[0].starts_with("codec/mod.rs:6: "), "{offences:?}");
    }

    #[test]
    fn a_test_module_in_its_own_file_does_not_count() {
        let files = [
            ("codec/mod.rs", "#[cfg(test)]\nmod tests;\n#[cfg(test)]\npub(crate) mod model;\n"),
            ("codec/tests.rs", "use crate::engine::E;"),
            ("codec/model/steps.rs", "use crate::manager::M;"),
            ("codec/tested.rs", "use crate::engine::E;"),
        ];
        let offences = offences_of(&files);
        assert_eq!(offences.len(), 1, "{offences:?}");
        assert!(offences[0].starts_with("codec/tested.rs:1: "), "{offences:?}");
    }

    #[test]
    fn a_feature_is_no_test() {
        let source = "#[cfg(any(test, feature = \"testkit\"))]\nuse crate::testkit::Clock;";
        assert_eq!(offences_of(&[("tier/mod.rs", source)]).len(), 1);
    }

    #[test]
    fn a_module_that_the_table_does_not_know_is_named() {
        let expected = "the module `helpers` is not in the ring table of ARCHITECTURE.md";
        assert_eq!(offences_of(&[("helpers.rs", "")]), [expected]);
        assert_eq!(offences_of(&[("lib.rs", "pub mod helpers;")]), [expected]);
        assert_eq!(offences_of(&[("lib.rs", "mod helpers { fn f() {} }")]), [expected]);
    }

    #[test]
    fn the_crate_root_may_name_every_module_but_is_no_way_round_the_table() {
        let files = [("lib.rs", "pub use crate::engine::Engine;"), ("codec/mod.rs", "use crate::Engine;")];
        assert_eq!(
            offences_of(&files),
            [
                "codec/mod.rs:1: `use crate::Engine;`: `Engine` is in no ring: name things by the module they live in"
            ]
        );
    }

    #[test]
    fn exported_macros_are_named_at_the_root() {
        let source = "fn f() -> bool { $crate::suite! { a }; crate::Limit != crate::suite!(b) }";
        let expected = "codec/mod.rs:1: `fn f() -> bool { $crate::suite! { a }; crate::Limit != crate::suite!(b) }`: \
            `Limit` is in no ring: name things by the module they live in";
        assert_eq!(offences_of(&[("codec/mod.rs", source)]), [expected]);
    }

    #[test]
    fn a_page_without_the_table_is_an_error() {
        assert_eq!(Table::parse("# Rings\n").unwrap_err(), "there is no ring table (`| ring | ..`)");
        let broken = "| ring | modules | may use |\n|---|---|---|\n| 0 words | `time` | often |\n";
        assert_eq!(
            Table::parse(broken).unwrap_err(),
            "not a row of the ring table: | 0 words | `time` | often |"
        );
    }

    #[test]
    fn a_module_in_two_rings_is_an_error() {
        let twice = "| ring | modules | may use |\n|---|---|---|\n| 0 words | `time` | - |\n| 1 ports | `time` | 0 |\n";
        assert_eq!(Table::parse(twice).unwrap_err(), "`time` is in the ring table twice");
    }
}
