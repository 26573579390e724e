use larder::cached;

#[derive(Clone)]
struct User(std::rc::Rc<u8>);

#[cached(local)]
async fn user(id: u64) -> Option<User> {
    let _ = id;
    None
}

fn main() {}
