//! Every option, and every way to misuse it that does not depend on a function: the table is whole because its rows are the
//! list of options itself. `tests/ui/fail` has the texts word by word, and what a function or the compiler adds.

use proc_macro2::TokenStream;

use crate::model::names::{CACHED, INVALIDATE};
use crate::model::options::Options;
use crate::model::targets::Targets;
use crate::parse;
use crate::problems::Problems;

/// What is said about these options, if anything.
fn said(args: &str) -> Vec<String> {
    let mut problems = Problems::default();
    let tokens: TokenStream = args.parse().unwrap();
    Options::read(parse::args::parse(tokens, &mut problems), &mut problems);
    texts(problems)
}

/// The same of `#[invalidate_cache(..)]`.
fn said_of_targets(args: &str) -> Vec<String> {
    let mut problems = Problems::default();
    Targets::read(args.parse().unwrap(), &mut problems);
    texts(problems)
}

fn texts(problems: Problems) -> Vec<String> {
    let errors = problems.into_result().err();
    errors.into_iter().flatten().map(|error| error.to_string()).collect()
}

/// The forms in which an option is written, out of its example.
fn forms(example: &'static str) -> impl Iterator<Item = &'static str> {
    example.split("` or `")
}

/// Whether an option is ever written with this behind its name.
fn is_written(name: &str, example: &'static str, behind: char) -> bool {
    forms(example).any(|form| {
        let own = form.rsplit(", ").find(|one| one.starts_with(name)).unwrap_or(form);
        own.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(behind))
    })
}

/// The name with its last letter twice.
fn misspelled(name: &str) -> String {
    name.chars().chain(name.chars().last()).collect()
}

#[test]
fn what_a_message_tells_to_write_can_be_written() {
    for (name, example) in CACHED {
        for form in forms(example) {
            assert_eq!(said(form), [] as [&str; 0], "{name}");
        }
    }
}

#[test]
fn every_option_is_refused_when_it_is_given_twice() {
    // Groups are given as often as there are: two that are one are found beside the function's arguments.
    for (name, example) in CACHED.iter().filter(|(name, _)| *name != "group_by") {
        let form = forms(example).next().unwrap();
        let twice = format!("`{name}` is given twice; keep one");
        assert!(said(&format!("{form}, {form}")).contains(&twice), "{name}");
    }
    for option in ["cache = a", "crate = a::b", "on = \"ok\"", "before"] {
        let name = option.split(' ').next().unwrap();
        let twice = format!("`{name}` is given twice; keep one");
        assert_eq!(said_of_targets(&format!("user(id), {option}, {option}")), [twice]);
    }
}

#[test]
fn every_option_is_named_when_it_is_misspelled() {
    for (name, example) in CACHED {
        let wrong = misspelled(name);
        let meant = format!("there is no option `{wrong}`; did you mean `{name}`?");
        let texts = said(&format!("{wrong} = {example:?}"));
        assert_eq!(texts, [meant]);
    }
    for (name, _) in INVALIDATE {
        let texts = said_of_targets(&format!("user(id), {} = 1", misspelled(name)));
        assert!(
            texts.len() == 1 && texts.iter().all(|text| text.contains("there is no option")),
            "{texts:?}"
        );
    }
}

#[test]
fn every_option_is_refused_in_a_shape_that_is_not_its_own() {
    for (name, example) in CACHED {
        let is_flag = forms(example).any(|form| form.split(", ").any(|one| one == *name));
        for (shape, is_its_own) in [
            ((*name).to_owned(), is_flag),
            (format!("{name} = 7"), is_written(name, example, '=')),
            (format!("{name}(\"7\")"), is_written(name, example, '(')),
        ] {
            let texts = said(&shape);
            let shows = texts.iter().any(|text| text.contains(&format!("`{name}")));
            assert!(is_its_own || (texts.len() == 1 && shows), "`{shape}`: {texts:?}");
        }
        assert_eq!(said(&format!("{name} =")), [format!("`{name} =` is given no value")]);
    }
}

#[test]
fn a_letter_is_refused_where_a_literal_is_read() {
    let of_the_users =
        ["ttl_with", "user", "tenant", "cache", "condition", "bypass", "refresh", "stale_if", "tags_with"];
    let written = |(name, example): &&(&str, &'static str)| is_written(name, example, '=');
    let read = CACHED.iter().filter(written).filter(|(name, _)| !of_the_users.contains(name));
    let mut count = 0;
    for (name, _) in read {
        assert!(!said(&format!("{name} = 'x'")).is_empty(), "`{name} = 'x'`");
        count += 1;
    }
    assert!(count >= 18, "{count} options");
}

#[test]
fn zero_is_refused_where_it_means_nothing() {
    for name in [
        "ttl",
        "negative_ttl",
        "timeout",
        "soft_timeout",
        "max_load_time",
        "stale_while_revalidate",
        "stale_if_error",
    ] {
        for zero in ["0", "\"0s\"", "\"0h0m\"", "-1", "\"-1s\""] {
            assert_eq!(said(&format!("{name} = {zero}")).len(), 1, "`{name} = {zero}`");
        }
    }
    for wrong in
        ["refresh_ahead = 0", "refresh_ahead = 0.0", "refresh_ahead = 1", "batch_chunk = 0", "jitter = 1"]
    {
        assert_eq!(said(wrong).len(), 1, "`{wrong}`");
    }
    for meant in ["jitter = 0", "jitter = 0.0", "schema = 0"] {
        assert_eq!(said(meant), [] as [&str; 0], "`{meant}`");
    }
}

#[test]
fn what_lists_something_is_refused_when_it_lists_nothing() {
    for name in ["key", "skip", "sensitive", "tags", "group_by", "secure"] {
        assert_eq!(said(&format!("{name}()")).len(), 1, "`{name}()`");
    }
    for (name, _) in INVALIDATE.iter().filter(|(_, example)| example.contains('(')) {
        assert!(!said_of_targets(&format!("{name}()")).is_empty(), "`{name}()`");
    }
}
