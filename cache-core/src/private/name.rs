//! The name of a keyspace, out of the type name of an item inside the function that names it: of a closure
//! (`app::__user_keyspace::{{closure}}`) where there are no arguments to be told, else of a function.
//!
//! The compiler calls the latter `app::Users<_>::__user_keyspace::__larder_method<app::Users<u8>, 3>`. Its
//! arguments are `Self` (of a method) and the function's own type and constant parameters. The place before it
//! shows the header of the `impl` block with its parameters unfilled, so a `Self` that stands there as it is has
//! no parameters.

const FUNCTION: &str = "::__larder_function";
const METHOD: &str = "::__larder_method";
const ASYNC: &str = "::{{closure}}";

/// What the name of an item says.
struct Item<'a> {
    place: &'a str,
    arguments: &'a str,
    is_method: bool,
}

/// The path of the function, with its generic arguments when it has some.
pub(super) fn of_path(item: &str, function: &str) -> String {
    let item = Item::read(item);
    let path = match item.place.rsplit_once("::") {
        Some((parent, _)) => format!("{parent}::{function}"),
        None => function.to_owned(),
    };
    format!("{path}{}", item.generic())
}

/// A prefix, with the generic arguments when there are some.
pub(super) fn of_prefix(item: &str, prefix: &str) -> String {
    format!("{prefix}{}", Item::read(item).generic().replace("::", "."))
}

impl<'a> Item<'a> {
    fn read(item: &'a str) -> Self {
        let method = item.split_once(METHOD).map(|parts| (parts, true));
        let function = || item.split_once(FUNCTION).map(|parts| (parts, false));
        let ((place, arguments), is_method) = method.or_else(function).unwrap_or(((item, ""), false));
        let arguments = arguments.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        Self { place: without_async(place), arguments: arguments.unwrap_or_default(), is_method }
    }

    /// The argument list, unless it is only a `Self` without parameters.
    fn generic(&self) -> String {
        let concrete = self.is_method && mentions(self.place, self.arguments);
        if self.arguments.is_empty() || concrete { String::new() } else { format!("<{}>", self.arguments) }
    }
}

fn without_async(place: &str) -> &str {
    place.strip_suffix(ASYNC).map_or(place, without_async)
}

/// Whether a type stands in a place as a whole word.
fn mentions(place: &str, ty: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    place.match_indices(ty).any(|(at, _)| {
        let (before, rest) = place.split_at(at);
        let after = rest.get(ty.len()..).unwrap_or_default();
        !before.ends_with(|c| is_word(c) || c == ':') && !after.starts_with(|c| is_word(c) || c == '<')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_path_and_the_generic_arguments() {
        for (item, path, prefixed) in [
            ("app::users::__user_keyspace::__larder_function", "app::users::user", "p"),
            ("app::__user_keyspace::__larder_function<u8>", "app::user<u8>", "p<u8>"),
            ("app::t::{{closure}}::__user_keyspace::__larder_function", "app::t::{{closure}}::user", "p"),
            ("app::Pg::__user_keyspace::__larder_method<app::Pg>", "app::Pg::user", "p"),
            (
                "app::q::<impl app::Pg>::__user_keyspace::__larder_method<app::Pg>",
                "app::q::<impl app::Pg>::user",
                "p",
            ),
            (
                "<a::Pg as a::Repo>::user::{{closure}}::__larder_method<a::Pg>",
                "<a::Pg as a::Repo>::user",
                "p",
            ),
            ("<_ as a::Repo>::user::__larder_method<a::Pg>", "<_ as a::Repo>::user<a::Pg>", "p<a.Pg>"),
            (
                "a::S<_>::__user_keyspace::__larder_method<a::S<u8>, 3>",
                "a::S<_>::user<a::S<u8>, 3>",
                "p<a.S<u8>, 3>",
            ),
            ("a::Pgx::__user_keyspace::__larder_method<a::Pg>", "a::Pgx::user<a::Pg>", "p<a.Pg>"),
        ] {
            assert_eq!(of_path(item, "user"), path);
            assert_eq!(of_prefix(item, "p"), prefixed);
        }
    }
}
