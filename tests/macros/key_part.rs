//! `#[derive(KeyPart)]`.

use larder::{KeyPart, KeyPattern, build_cache_key, cached};

use crate::{FAR, fresh};

#[derive(KeyPart)]
struct UserId(u64);

#[derive(KeyPart)]
struct Unit;

#[derive(KeyPart)]
struct Query<'a, T, const N: usize>
where
    T: Clone,
{
    text: &'a str,
    limits: [T; N],
    #[key_part(skip)]
    _trace: std::cell::Cell<u8>,
}

#[derive(KeyPart)]
enum Role {
    Guest,
    Member(UserId),
    Admin {
        of: String,
        level: u8,
    },
    Ghost(
        #[key_part(skip)]
        #[allow(dead_code)]
        u8,
    ),
}

#[derive(KeyPart)]
enum Never {}

#[derive(KeyPart)]
enum Tree {
    Leaf,
    Node(Box<Tree>, Box<Tree>),
}

fn key(part: &impl KeyPart) -> String {
    build_cache_key("k", &(part,)).unwrap().to_string()
}

fn query<T: Clone + KeyPart>(text: &str, limits: [T; 2]) -> String {
    key(&Query { text, limits, _trace: std::cell::Cell::new(1) })
}

#[test]
fn keys_are_readable_and_injective() {
    let admin = |of: &str, level| key(&Role::Admin { of: of.to_owned(), level });
    for (key, expected) in [
        (key(&UserId(7)), "k:7"),
        (key(&Unit), "k:~u"),
        (query("a,b", [1_u8, 2]), "k:(a%2Cb,[1u8,2u8])"),
        (key(&Role::Guest), "k:@Guest"),
        (key(&Role::Member(UserId(7))), "k:@Member(7)"),
        (admin("a", 1), "k:@Admin(a,1u8)"),
        (key(&Role::Ghost(3)), "k:@Ghost"),
        (key(&Tree::Node(Box::new(Tree::Leaf), Box::new(Tree::Leaf))), "k:@Node(@Leaf,@Leaf)"),
    ] {
        assert_eq!(key, expected);
    }
    assert_ne!(admin("a", 1), admin("b", 1));
    assert_ne!(query("a", [1_u8, 2]), query("a", [1_u64, 2]));
    assert_eq!(KeyPattern::of_part(&UserId(7)), "7");
}

#[cached(cache = FAR)]
async fn by_role(role: &Role, tree: Tree) -> u64 {
    let _ = (role, tree);
    fresh()
}

#[cached]
async fn near_by_role(role: Role) -> u64 {
    let _ = role;
    fresh()
}

#[tokio::test]
async fn derived_parts_find_their_entries() {
    crate::switch_on();
    let roles = || {
        [
            Role::Guest,
            Role::Member(UserId(1)),
            Role::Member(UserId(2)),
            Role::Admin { of: "a".to_owned(), level: 1 },
            Role::Admin { of: "a".to_owned(), level: 2 },
            Role::Ghost(1),
        ]
    };
    let mut seen = std::collections::HashSet::new();
    for (role, again) in roles().into_iter().zip(roles()) {
        let value = near_by_role(role).await;
        assert!(seen.insert(value));
        assert_eq!(near_by_role(again).await, value);
    }
    assert_eq!(near_by_role(Role::Ghost(1)).await, near_by_role(Role::Ghost(2)).await);
    let tree = || Tree::Node(Box::new(Tree::Leaf), Box::new(Tree::Leaf));
    assert_eq!(by_role(&Role::Guest, tree()).await, by_role(&Role::Guest, tree()).await);
    assert_ne!(by_role(&Role::Guest, Tree::Leaf).await, by_role(&Role::Guest, tree()).await);
}
