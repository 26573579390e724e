//! What `interop` forbids: an entry of another cache is a name that it gives and a value in its form, and nothing else.

use crate::model::function::Function;
use crate::model::key::Part;
use crate::model::names;
use crate::model::options::Options;
use crate::problems::Problems;

/// Options that such entries cannot keep, each with the reason.
const REFUSED: &[(&str, &str)] = &[
    ("prefix", "`namespace` and `operation` are its name"),
    ("schema", "others would not find its entries; change `operation` instead"),
    ("format", "its entries are MessagePack"),
    ("local", "others are to read its entries"),
    ("user", "others know arguments only; make it one"),
    ("tenant", "others know arguments only; make it one"),
    ("sensitive", "all arguments are in one digest, as others make it"),
    ("tags", "its entries carry none"),
    ("tags_with", "its entries carry none"),
    ("group_by", "its entries carry no tags"),
    ("batch", "its entries say nothing of their life, which is asked for one by one"),
    ("cache_none", "absence has no form in its entries"),
    ("negative_ttl", "absence has no form in its entries"),
    ("stale_while_revalidate", "its entries end with their life"),
    ("stale_if_error", "its entries end with their life"),
    ("stale_if", "its entries end with their life"),
    ("soft_timeout", "nothing of it ever answers stale"),
];

/// What others call such entries.
const NAMES: [&str; 2] = ["namespace", "operation"];

pub(super) fn check(options: &Options, function: &Function, problems: &mut Problems) {
    let Some(interop) = options.interop else {
        return alone(options, problems);
    };
    let is_said = |option: &str| options.said.iter().any(|said| said == option);
    for option in NAMES.into_iter().filter(|option| !is_said(option)) {
        let message = format!("`interop` needs the {option} that others use; {}", names::example(option));
        problems.on(interop, message);
    }
    if function.is_sync() {
        let message = "`interop` shares values through a byte tier, which a synchronous function does not fill; make the \
                       function `async`, or leave it out";
        problems.on(interop, message);
    }
    for name in &options.said {
        if let Some((_, why)) = REFUSED.iter().find(|(option, _)| name == option) {
            problems.at(name, format!("`interop` cannot keep `{name}`: {why}; leave it out"));
        }
    }
    if let Some(flight) = options.single_flight.as_ref().filter(|flight| flight.is_distributed()) {
        let message =
            "`interop` cannot keep this: others take no lease before they write; leave `single_flight` out";
        problems.on(flight.span, message);
    }
    key(options, problems);
}

/// Names without anybody to share them with. A mistake in `interop` itself has been said.
fn alone(options: &Options, problems: &mut Problems) {
    if options.said.iter().any(|said| said == "interop") {
        return;
    }
    for name in options.said.iter().filter(|said| NAMES.iter().any(|name| *said == name)) {
        let message = format!(
            "`{name}` names entries that other services share; say with whom: `interop = \"cachekit\"`"
        );
        problems.at(name, message);
    }
}

/// A template is text, which others would have to make alike; a list is what they have: arguments.
fn key(options: &Options, problems: &mut Problems) {
    let parts = options.key.iter().flat_map(|key| &key.parts);
    if let Some(part) = parts.into_iter().find(|part| matches!(part, Part::Word(..) | Part::Mixed(_))) {
        problems.on(part.span(), "others hash arguments, not text; list them: `key(tenant, id)`");
    }
}
