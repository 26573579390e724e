//! The list of promises: the only place that names them all.

use super::{Needs, Promise};

/// Checks every promise of a backend, each as a test of its own that is named after it.
///
/// The argument is an expression of type [`Subject`](crate::testkit::conformance::Subject), evaluated anew in each
/// test, inside an `async fn`. The caller's tokio needs the features `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! larder_conformance {
    ($subject:expr) => {
        $crate::larder_conformance!(@promises tests ($subject));
    };
    (@tests ($subject:expr) $($module:ident::$promise:ident $needs:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $promise() {
            $crate::testkit::conformance::check_named(stringify!($promise), &$subject).await;
        }
    )*};
    (@list () $($module:ident::$promise:ident $needs:ident;)*) => {
        vec![$(Promise {
            name: stringify!($promise),
            needs: Needs::$needs,
            check: |trial| Box::pin(super::$module::$promise(trial)),
        }),*]
    };
    (@promises $then:ident $arguments:tt) => {
        $crate::larder_conformance! {
            @$then $arguments
            frames::a_frame_comes_back_byte_for_byte Stores;
            frames::a_key_that_was_never_set_holds_nothing Nothing;
            frames::the_last_write_wins Stores;
            frames::empty_and_binary_and_large_frames_survive Stores;
            frames::keys_with_every_kind_of_character_are_kept_apart Stores;
            frames::two_namespaces_do_not_share_entries Stores;
            frames::a_deleted_frame_is_gone Stores;
            frames::exists_agrees_with_get Stores;
            frames::an_oversized_set_leaves_no_older_value Stores;
            conditions::add_keeps_the_first_value Stores;
            conditions::a_refused_add_changes_no_life Stores;
            conditions::exactly_one_of_a_hundred_adds_a_value Stores;
            conditions::exactly_one_of_a_hundred_takes_the_value Stores;
            conditions::exactly_one_of_a_hundred_deletes_the_value Stores;
            conditions::a_compare_and_delete_spares_the_successor Stores;
            conditions::a_compare_and_set_replaces_that_frame_and_no_other Stores;
            conditions::a_compare_and_delete_removes_what_is_unchanged Stores;
            expiry::a_frame_is_gone_when_its_life_ends Stores;
            expiry::a_short_life_is_a_life Stores;
            expiry::a_long_life_goes_on Stores;
            expiry::an_endless_life_is_taken Stores;
            expiry::an_overwrite_without_expiry_lives_on Stores;
            expiry::an_overwrite_takes_the_new_life Stores;
            expiry::expiry_keep_keeps_the_deadline Stores;
            expiry::expiry_keep_of_nothing_is_no_expiry Stores;
            expiry::an_expired_frame_makes_room_for_an_add Stores;
            expiry::an_expired_frame_is_counted_by_nobody Stores;
            expiry::ttl_reports_what_is_left Stores;
            patterns::a_pattern_removes_exactly_what_it_matches Stores;
            patterns::a_pattern_without_matches_removes_nothing Stores;
            patterns::patterns_treat_user_text_literally Stores;
            patterns::the_pattern_dialect_is_the_same_everywhere Stores;
            patterns::a_pattern_stays_in_its_namespace Stores;
            patterns::clear_stays_in_its_namespace Stores;
            patterns::two_patterns_at_once_count_every_key_once Stores;
            batches::get_many_keeps_the_order Stores;
            batches::set_many_gives_each_entry_its_own_options Stores;
            batches::the_later_of_two_entries_for_one_key_wins Stores;
            batches::delete_many_counts_what_was_there Stores;
            batches::an_empty_batch_is_no_work Nothing;
            batches::a_large_batch_is_answered_whole Stores;
            counters::a_counter_begins_at_zero Stores;
            counters::increment_is_atomic Stores;
            counters::a_counter_is_stored_as_digits Stores;
            counters::a_counter_keeps_the_life_it_began_with Stores;
            counters::increment_refuses_what_is_no_counter Stores;
            counters::increment_refuses_to_overflow Stores;
            leases::a_lease_has_one_holder Leases;
            leases::a_released_lease_can_be_taken Leases;
            leases::a_lease_ends_with_its_life Leases;
            leases::a_renewed_lease_lives_on Leases;
            leases::a_fill_needs_the_lease_and_ends_it Leases;
            leases::a_batch_of_fills_needs_each_lease Leases;
            leases::what_removes_a_key_breaks_its_lease Leases;
            leases::what_replaces_a_key_breaks_its_lease Leases;
            leases::what_replaces_an_unchanged_value_breaks_its_lease Leases;
            leases::a_fill_never_survives_a_delete Leases;
            leases::leases_are_no_data Leases;
            leases::keys_of_every_kind_have_leases_of_their_own Leases;
            leases::a_lease_has_an_end Leases;
            claims::a_claim_is_exclusive Claims;
            claims::a_slot_limit_holds_under_100_racers Claims;
            claims::a_member_has_one_claim Claims;
            claims::a_fencing_token_only_grows Claims;
            claims::an_expired_claim_drops_out Claims;
            claims::releasing_needs_the_token Claims;
            claims::renewing_needs_the_token Claims;
            claims::live_claims_are_listed_with_what_they_carry Claims;
            claims::clear_and_patterns_spare_claims Claims;
            claims::a_claim_on_impossible_terms_is_refused Claims;
            claims::a_dropped_claim_can_be_undone Claims;
            lifecycle::connect_can_be_repeated Nothing;
            lifecycle::a_backend_describes_itself_the_same_way Nothing;
            lifecycle::what_is_not_offered_is_unsupported Nothing;
            lifecycle::health_names_each_server_and_changes_nothing Health;
            lifecycle::disconnect_then_connect_works_again Stores;
            lifecycle::a_dropped_call_leaves_the_key_usable Stores;
            lifecycle::a_busy_reader_shares_the_runtime Stores;
        }
    };
}

/// Every promise.
#[must_use]
pub fn all() -> Vec<Promise> {
    crate::larder_conformance!(@promises list ())
}
