use larder::cached;

#[cached()]
async fn user<'a>(name: &'a str) -> Option<std::borrow::Cow<'a, str>> {
    Some(name.into())
}

fn main() {}
