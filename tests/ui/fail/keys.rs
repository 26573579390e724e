//! Keys that forget an argument, name one that there is not, or cannot be read.

use larder::cached;

#[cached(key(id), skip(db))]
async fn forgotten(id: u64, db: &str, lang: &str, (a, b): (u8, u8)) -> u64 { let _ = (db, lang, a, b); id }

#[cached(key = "{id}")]
async fn forgotten_in_a_template(id: u64, lang: &str) -> u64 { let _ = lang; id }

#[cached(key(id), skip(id))]
async fn in_the_key_and_skipped(id: u64) -> u64 { id }

#[cached(key(di))]
async fn mistyped(id: u64) -> u64 { id }

#[cached(key(idd, name))]
async fn mistyped_of_two(id: u64, name: &str) -> u64 { let _ = name; id }

#[cached(key(tenant.id))]
async fn of_no_argument() -> u64 { 7 }

#[cached(key())]
async fn empty(id: u64) -> u64 { id }

#[cached(key = "")]
async fn empty_template(id: u64) -> u64 { id }

#[cached(key = id)]
async fn without_quotes(id: u64) -> u64 { id }

#[cached(key = 7)]
async fn of_a_number(id: u64) -> u64 { id }

#[cached(key(id name))]
async fn without_a_comma(id: u64, name: &str) -> u64 { let _ = name; id }

#[cached(key = "{tenat}:{id}")]
async fn template_unknown_name(id: u64, tenant: &str) -> u64 { let _ = tenant; id }

#[cached(key = "{id:?}")]
async fn template_with_a_format(id: u64) -> u64 { id }

#[cached(key = "{id")]
async fn template_unclosed(id: u64) -> u64 { id }

#[cached(key = "id}")]
async fn template_unopened(id: u64) -> u64 { id }

#[cached(key = "{}:{id}")]
async fn template_of_no_name(id: u64) -> u64 { id }

#[cached(key = "{id}::x")]
async fn template_with_an_empty_segment(id: u64) -> u64 { id }

#[cached(key = "{id}:*")]
async fn template_with_a_star(id: u64) -> u64 { id }

#[cached(key = "{id} x")]
async fn template_with_a_space(id: u64) -> u64 { id }

#[cached(skip())]
async fn skips_nothing(id: u64) -> u64 { id }

#[cached(skip(idd))]
async fn skips_what_is_not(id: u64) -> u64 { id }

#[cached(skip(user.id))]
async fn skips_a_field(user: &str) -> usize { user.len() }

#[cached(user = sesion.user)]
async fn scope_mistyped(session: &str) -> usize { session.len() }

#[cached(tenant = tenant, key(id), skip(page))]
async fn scope_of_no_argument(id: u64, page: u64) -> u64 { id + page }

#[cached(sensitive(email), skip(email))]
async fn sensitive_and_skipped(id: u64, email: &str) -> u64 { let _ = email; id }

#[cached(sensitive(mail))]
async fn sensitive_mistyped(email: &str) -> usize { email.len() }

#[cached(key(id), sensitive(email), skip(email))]
async fn sensitive_not_in_the_key(id: u64, email: &str) -> u64 { let _ = email; id }

#[cached(sensitive(name))]
async fn sensitive_within_a_pattern((id, name): (u64, String)) -> u64 { let _ = name; id }

#[cached(sensitive())]
async fn sensitive_of_nothing(id: u64) -> u64 { id }

#[cached(refresh = force)]
async fn refresh_in_the_key(id: u64, force: bool) -> u64 { let _ = force; id }

#[cached(bypass = !fresh && id > 7)]
async fn bypass_in_the_key(id: u64, fresh: bool) -> u64 { let _ = fresh; id }

#[cached(bypass = reqest.no_cache, key(id))]
async fn bypass_mistyped(id: u64, request: &str) -> u64 { let _ = request; id }

#[cached(bypass = self.off)]
async fn bypass_of_no_self(id: u64) -> u64 { id }

#[cached]
async fn parameter_with_cfg(id: u64, #[cfg(unix)] uid: u32) -> u64 { let _ = uid; id }

fn main() {}
