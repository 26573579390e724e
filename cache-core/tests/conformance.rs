//! The conformance suite against backends that are right, and against backends that are each wrong in one way.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use cache_core::port::backend::NullBackend;
use cache_core::testkit::conformance::{Subject, all};
use cache_core::testkit::{FaultyBackend, MapBackend};

#[path = "conformance/flawed.rs"]
mod flawed;
#[path = "conformance/flawed_claims.rs"]
mod flawed_claims;

use flawed::{Flaw, Flawed};

mod the_map_backend {
    use super::*;
    cache_core::larder_conformance!(Subject::new(MapBackend::new()));
}

mod the_map_backend_with_leases {
    use super::*;
    cache_core::larder_conformance!(Subject::new(MapBackend::leasing()));
}

mod a_faulty_backend_without_faults {
    use super::*;
    cache_core::larder_conformance!(Subject::new(FaultyBackend::new(Arc::new(MapBackend::leasing()))));
}

mod the_null_backend {
    use super::*;
    cache_core::larder_conformance!(Subject::new(NullBackend));
}

/// Which promises a backend breaks, by name.
async fn broken_by(flaw: Flaw) -> Vec<&'static str> {
    let subject = Subject::new(Flawed::new(flaw)).refusing(1 << 20).steered(tokio::time::advance);
    let mut broken = Vec::new();
    for promise in all() {
        let subject = subject.clone();
        let check = async move { cache_core::testkit::conformance::check(&promise, &subject).await };
        if tokio::spawn(check).await.is_err() {
            broken.push(promise.name);
        }
    }
    broken
}

macro_rules! flaws {
    ($($flaw:ident => [$($promise:ident),* $(,)?];)*) => {$(
        #[allow(non_snake_case)] // named after the flaw
        #[tokio::test(start_paused = true)]
        async fn $flaw() {
            let expected: &[&str] = &[$(stringify!($promise)),*];
            assert_eq!(broken_by(Flaw::$flaw).await, expected);
        }
    )*};
}

mod flaws_are_found {
    use super::*;

    flaws! {
        Nothing => [];
        IgnoresIfAbsent => [
            add_keeps_the_first_value,
            a_refused_add_changes_no_life,
            exactly_one_of_a_hundred_adds_a_value,
            a_compare_and_set_replaces_that_frame_and_no_other,
            set_many_gives_each_entry_its_own_options,
            what_is_not_offered_is_unsupported,
        ];
        AddsInTwoSteps => [exactly_one_of_a_hundred_adds_a_value];
        TakesInTwoSteps => [exactly_one_of_a_hundred_takes_the_value];
        DeletesInTwoSteps => [
            exactly_one_of_a_hundred_deletes_the_value,
            a_compare_and_delete_spares_the_successor,
        ];
        IgnoresIfUnchanged => [
            a_compare_and_delete_spares_the_successor,
            a_compare_and_set_replaces_that_frame_and_no_other,
        ];
        ComparesPrefixes => [a_compare_and_delete_spares_the_successor];
        ForgetsExpiry => [
            a_refused_add_changes_no_life,
            a_frame_is_gone_when_its_life_ends,
            a_short_life_is_a_life,
            a_long_life_goes_on,
            an_overwrite_without_expiry_lives_on,
            an_overwrite_takes_the_new_life,
            expiry_keep_keeps_the_deadline,
            expiry_keep_of_nothing_is_no_expiry,
            an_expired_frame_makes_room_for_an_add,
            an_expired_frame_is_counted_by_nobody,
            a_counter_keeps_the_life_it_began_with,
        ];
        CutsLivesToSeconds => [
            a_refused_add_changes_no_life,
            a_short_life_is_a_life,
            expiry_keep_keeps_the_deadline,
        ];
        ForgetsKeep => [expiry_keep_keeps_the_deadline];
        KeepsEveryDeadline => [an_overwrite_without_expiry_lives_on];
        CountsOneTooMany => [
            an_expired_frame_is_counted_by_nobody,
            a_pattern_removes_exactly_what_it_matches,
            a_pattern_without_matches_removes_nothing,
            patterns_treat_user_text_literally,
            the_pattern_dialect_is_the_same_everywhere,
            a_pattern_stays_in_its_namespace,
            two_patterns_at_once_count_every_key_once,
            clear_and_patterns_spare_claims,
        ];
        StopsAfterAThousand => [a_pattern_removes_exactly_what_it_matches];
        MatchesByPrefix => [
            a_pattern_removes_exactly_what_it_matches,
            a_pattern_without_matches_removes_nothing,
            patterns_treat_user_text_literally,
            the_pattern_dialect_is_the_same_everywhere,
        ];
        ClearsEverything => [clear_stays_in_its_namespace];
        LosesEmptyFrames => [empty_and_binary_and_large_frames_survive, increment_refuses_what_is_no_counter];
        IgnoresCase => [
            keys_with_every_kind_of_character_are_kept_apart,
            a_pattern_removes_exactly_what_it_matches,
            patterns_treat_user_text_literally,
            the_pattern_dialect_is_the_same_everywhere,
        ];
        TakesTooMuch => [an_oversized_set_leaves_no_older_value];
        KeepsTheOlderOfTooLarge => [an_oversized_set_leaves_no_older_value];
        AnswersOutOfOrder => [
            a_deleted_frame_is_gone,
            the_pattern_dialect_is_the_same_everywhere,
            get_many_keeps_the_order,
            delete_many_counts_what_was_there,
        ];
        CountsGaps => [an_expired_frame_is_counted_by_nobody, delete_many_counts_what_was_there];
        ForgetsOptionsInBatches => [set_many_gives_each_entry_its_own_options];
        IncrementsInTwoSteps => [
            increment_is_atomic,
            a_counter_keeps_the_life_it_began_with,
            increment_refuses_what_is_no_counter,
            increment_refuses_to_overflow,
        ];
        RenewsCounters => [
            a_counter_keeps_the_life_it_began_with,
            increment_refuses_what_is_no_counter,
            increment_refuses_to_overflow,
        ];
        CountsFromFrames => [increment_refuses_what_is_no_counter];
        WrapsAround => [increment_refuses_to_overflow];
        PretendsLeases => [what_is_not_offered_is_unsupported];
        SharesLeases => [
            a_lease_has_one_holder,
            a_released_lease_can_be_taken,
            a_lease_ends_with_its_life,
            a_renewed_lease_lives_on,
            leases_are_no_data,
        ];
        LeasesForEver => [a_lease_ends_with_its_life, a_lease_has_an_end];
        FillsUnasked => [
            a_lease_ends_with_its_life,
            a_fill_needs_the_lease_and_ends_it,
            a_batch_of_fills_needs_each_lease,
            what_removes_a_key_breaks_its_lease,
            what_replaces_a_key_breaks_its_lease,
            what_replaces_an_unchanged_value_breaks_its_lease,
        ];
        FillsInTwoSteps => [a_fill_never_survives_a_delete];
        RenewsLeasesByName => [a_renewed_lease_lives_on];
        SetsBesideLeases => [
            a_fill_needs_the_lease_and_ends_it,
            a_batch_of_fills_needs_each_lease,
            what_replaces_a_key_breaks_its_lease,
            what_replaces_an_unchanged_value_breaks_its_lease,
        ];
        TakesBesideLeases => [what_removes_a_key_breaks_its_lease, leases_are_no_data];
        CountsLeases => [leases_are_no_data];
        TripsOverBraces => [keys_of_every_kind_have_leases_of_their_own];
        PretendsClaims => [what_is_not_offered_is_unsupported];
        ClaimsInTwoSteps => [a_claim_is_exclusive, a_slot_limit_holds_under_100_racers];
        ClaimsBehindBacks => [a_dropped_claim_can_be_undone];
        IgnoresTheLimit => [a_slot_limit_holds_under_100_racers, an_expired_claim_drops_out];
        IgnoresMembers => [a_claim_is_exclusive, a_member_has_one_claim, clear_and_patterns_spare_claims];
        CountsTheEnded => [a_fencing_token_only_grows, an_expired_claim_drops_out];
        RepeatsNumbers => [a_fencing_token_only_grows];
        ReleasesByName => [releasing_needs_the_token];
        RenewsByName => [renewing_needs_the_token];
        RenewsNothing => [renewing_needs_the_token];
        ClaimsForEver => [a_fencing_token_only_grows, an_expired_claim_drops_out, live_claims_are_listed_with_what_they_carry];
        ListsTheNewestFirst => [live_claims_are_listed_with_what_they_carry];
        ListsNoPayloads => [live_claims_are_listed_with_what_they_carry];
        ClaimsByText => [a_claim_is_exclusive];
        ClearsClaims => [clear_and_patterns_spare_claims];
        TakesAnyTerms => [a_claim_on_impossible_terms_is_refused];
        NeverYields => [a_busy_reader_shares_the_runtime];
        StaysDisconnected => [
            disconnect_then_connect_works_again,
            a_dropped_call_leaves_the_key_usable,
            a_busy_reader_shares_the_runtime,
        ];
        TtlOfSomethingElse => [
            a_short_life_is_a_life,
            ttl_reports_what_is_left,
            set_many_gives_each_entry_its_own_options,
        ];
    }
}
