//! What a scope overtakes, and what it leaves.

use super::*;

fn key(text: &str) -> CacheKey {
    CacheKey::direct(&Namespace::default(), text).unwrap()
}

#[test]
fn an_invalidation_overtakes_what_was_born_before_it() {
    let stamps = Stamps::new(&Namespace::default());
    let (seven, eight) = (key("user:7"), key("user:8"));
    for scope in [Scope::Key(&seven), Scope::Everything, Scope::Space(SpaceId::DIRECT)] {
        let born = stamps.born();
        assert!(stamps.may_land(&seven, &stamps.cells(&seven, &[]), born));
        stamps.bump(scope);
        assert!(!stamps.may_land(&seven, &stamps.cells(&seven, &[]), born));
        assert!(stamps.may_land(&seven, &stamps.cells(&seven, &[]), stamps.born()));
        assert_eq!(stamps.may_land(&eight, &stamps.cells(&eight, &[]), born), matches!(scope, Scope::Key(_)));
    }
}

#[test]
fn a_renewal_overtakes_what_is_held_unless_somebody_else_did_since() {
    let stamps = Stamps::new(&Namespace::default());
    let seven = key("user:7");
    let (cells, born) = (stamps.cells(&seven, &[]), stamps.born());
    let renewed = stamps.renew(&seven, &cells, born).unwrap();
    assert!(!stamps.valid(&cells, born) && stamps.valid(&cells, renewed));
    assert_eq!(stamps.renew(&seven, &cells, born), None, "an older load does not renew over a newer one");
    for scope in [Scope::Key(&seven), Scope::Space(SpaceId::DIRECT), Scope::Everything] {
        let born = stamps.born();
        stamps.bump(scope);
        assert_eq!(stamps.renew(&seven, &cells, born), None, "{scope:?}");
    }
    let born = stamps.born();
    let pattern = KeyPattern::parse("user:*").unwrap().within(&Namespace::default());
    stamps.bump(Scope::Pattern(&pattern));
    assert_eq!(stamps.renew(&seven, &cells, born), None);
}

#[test]
fn a_pattern_overtakes_exactly_what_it_matches() {
    let stamps = Stamps::new(&Namespace::default());
    let born = stamps.born();
    let pattern = KeyPattern::parse("user:*").unwrap().within(&Namespace::default());
    stamps.bump(Scope::Pattern(&pattern));
    let (user, list) = (key("user:7"), key("list:7"));
    assert!(!stamps.may_land(&user, &stamps.cells(&user, &[]), born));
    assert!(stamps.may_land(&list, &stamps.cells(&list, &[]), born));
    assert!(stamps.may_land(&user, &stamps.cells(&user, &[]), stamps.born()));
}

fn tags(numbers: std::ops::Range<u64>) -> Vec<TagId> {
    numbers.map(|number| TagId(number.wrapping_mul(0x0123_4567_89AB_CDEF))).collect()
}

#[test]
fn a_tag_overtakes_exactly_what_carries_it() {
    let stamps = Stamps::new(&Namespace::default());
    let seven = key("user:7");
    for count in 1..=4 {
        let tags = tags(1..count + 1);
        let cells = stamps.cells(&seven, &tags);
        for tag in &tags {
            let born = stamps.born();
            stamps.bump(Scope::Tags(&[TagId(99)]));
            assert!(stamps.valid(&cells, born), "another tag of {count}");
            stamps.bump(Scope::Tags(&[*tag]));
            assert!(!stamps.valid(&cells, born), "{tag} of {count}");
            assert!(!stamps.may_land(&seven, &cells, born) && stamps.renew(&seven, &cells, born).is_none());
            assert!(stamps.valid(&stamps.cells(&seven, &[]), born), "without tags");
        }
    }
}

#[test]
fn an_entry_of_more_tags_than_slots_is_overtaken_by_every_tag() {
    let stamps = Stamps::new(&Namespace::default());
    let (seven, five) = (key("user:7"), tags(1..6));
    let cells = stamps.cells(&seven, &five);
    for tag in five.iter().chain(&[TagId(99)]) {
        let born = stamps.born();
        assert!(stamps.valid(&cells, born) && stamps.tag_holds(TagId::ANY, born));
        stamps.bump(Scope::Tags(&[*tag]));
        assert!(!stamps.valid(&cells, born) && !stamps.tag_holds(TagId::ANY, born), "{tag}");
    }
}

#[test]
fn cells_cover_the_tags_that_they_were_made_of() {
    let stamps = Stamps::new(&Namespace::default());
    let (seven, six) = (key("user:7"), tags(1..7));
    let two = stamps.cells(&seven, &six[..2]);
    assert!(stamps.cover(&two, &[]) && stamps.cover(&two, &six[..1]) && stamps.cover(&two, &six[..2]));
    assert!(!stamps.cover(&two, &six[..3]));
    assert!(stamps.cover(&stamps.cells(&seven, &six), &[TagId(99)]), "any tag overtakes it");
}
