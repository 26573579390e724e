//! Wiring a manager: the one constructor where collaborators meet.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::{Builder, CacheManager};
use crate::codec::{Codec, MAX_ENTRY_BYTES};
use crate::engine::{Engine, Parts, no_master_key};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::{FailMode, Jitter, SingleFlight};
use crate::port::backend::NullBackend;
use crate::tier::Tiers;
use crate::time::Life;

/// How long a near copy of what other processes can change is trusted, unless said otherwise.
const NEAR_TTL_OF_SHARED: Duration = Duration::from_secs(5);
const LEASE_TIMES: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(3_600);

impl Builder {
    /// Wires the manager. Touches no server and no file.
    ///
    /// # Errors
    /// `Config`, naming every problem.
    pub fn build(mut self) -> Result<CacheManager> {
        let namespace = self.keep(|builder| builder.namespace.clone());
        let key_secret = self.keep(|builder| builder.key_secret.clone().transpose());
        let default_ttl =
            self.keep(|builder| Life::new(builder.default_ttl).map_err(|error| named("default_ttl", &error)));
        let max_ttl =
            self.keep(|builder| Life::new(builder.max_ttl).map_err(|error| named("max_ttl", &error)));
        let near_ttl = self.keep(|builder| {
            builder.near_ttl.map(Life::new).transpose().map_err(|error| named("near_ttl", &error))
        });
        let jitter = self.keep(|builder| Jitter::new(builder.jitter, builder.jitter_seed));
        self.keep(|builder| builder.policy.check().map_err(|error| named("policy", &error)));
        self.settle_background_writes();
        let sealer = self.keep(|builder| builder.keys.sealer());
        self.check_tiers();
        self.check_sealing(matches!(sealer, Some(None)));
        self.check_sizes();
        self.check_leases();
        let (
            Some(namespace),
            Some(key_secret),
            Some(default_ttl),
            Some(max_ttl),
            Some(near_ttl),
            Some(jitter),
            true,
        ) = (namespace, key_secret, default_ttl, max_ttl, near_ttl, jitter, self.problems.is_empty())
        else {
            return Err(self.report());
        };
        let primary = self.primary.unwrap_or_else(|| Arc::new(NullBackend));
        let tiers = Tiers::new(primary, self.fallback.unwrap_or_else(|| Arc::new(NullBackend)));
        Ok(CacheManager::of(Engine::new(Parts {
            namespace: match key_secret {
                Some(secret) => namespace.with_secret(secret),
                None => namespace,
            },
            near: self.near,
            near_ttl: near_ttl.or(tiers.shared().then_some(Life::For(NEAR_TTL_OF_SHARED))),
            tiers,
            sealer: sealer.flatten(),
            codec: Codec { compression: self.compression, max_entry_bytes: self.max_entry_bytes },
            clock: self.clock.unwrap_or_default(),
            recorder: self.recorder,
            spawner: self.spawner,
            policy: self.policy,
            max_detached_loads: self.max_detached_loads,
            max_background_writes: self.max_background_writes,
            lease_time: self.lease_time,
            default_ttl,
            max_ttl,
            jitter,
            fail_mode: self.fail_mode,
            enabled: self.enabled,
        })))
    }

    /// Takes a part, or notes what is wrong with it.
    fn keep<T>(&mut self, part: impl FnOnce(&Self) -> Result<T>) -> Option<T> {
        match part(self) {
            Ok(part) => Some(part),
            Err(error) => {
                self.problems.push(error.to_string());
                None
            }
        }
    }

    fn settle_background_writes(&mut self) {
        let said = self.background_writes.or(self.policy.background_writes);
        self.policy.background_writes = said;
        if said == Some(true) && self.max_background_writes == 0 {
            self.problems.push(
                "max_background_writes holds 0, so every write would be awaited; give more, or leave background_writes out"
                    .to_owned(),
            );
        }
    }

    fn check_tiers(&mut self) {
        if !self.has_near && self.primary.is_none() {
            self.problems.push("there is no tier; add .near(Near::mib(64)) or .primary(..)".to_owned());
        }
        if self.fallback.is_some() && self.primary.is_none() {
            self.problems.push(
                "there is a fallback but no primary; name the primary, or make the fallback it".to_owned(),
            );
        }
        let holds_nothing = self.primary.as_ref().is_some_and(|primary| !primary.info().capability.stores);
        if (self.fail_mode == FailMode::Closed || self.policy.is_sealed()) && holds_nothing {
            self.problems.push(
                "a manager that fails closed cannot stand on a null backend; name a real primary".to_owned(),
            );
        }
    }

    fn check_sealing(&mut self, has_no_key: bool) {
        if !self.policy.is_sealed() {
            return;
        }
        if has_no_key {
            self.problems.push(format!("policy: {}", no_master_key()));
        }
        if self.primary.is_none() && !self.policy.near_too {
            self.problems.push(
                "policy: a secure manager keeps nothing in the near tier; name a primary, or say near_too"
                    .to_owned(),
            );
        }
    }

    fn check_sizes(&mut self) {
        let bytes = self.max_entry_bytes;
        if !(1..=MAX_ENTRY_BYTES).contains(&bytes) {
            self.problems.push(format!("max_entry_bytes holds {bytes}; give 1 to {} bytes", MAX_ENTRY_BYTES));
        }
    }

    fn check_leases(&mut self) {
        let (time, capability) = (self.lease_time, self.primary.as_ref().map(|it| it.info().capability));
        if !LEASE_TIMES.contains(&time) {
            self.problems.push(format!("lease_time holds {time:?}; give 100 ms to an hour, e.g. 10 s"));
        }
        if self.policy.single_flight == Some(SingleFlight::Distributed)
            && capability.is_some_and(|can| can.shared && !can.leases)
        {
            self.problems.push(
                "single_flight holds Distributed, but the primary, which others share, offers no leases; use Local"
                    .to_owned(),
            );
        }
    }

    fn report(&self) -> Error {
        let problems: Vec<String> = self
            .problems
            .iter()
            .enumerate()
            .map(|(index, problem)| format!("({}) {problem}", index + 1))
            .collect();
        Error::new(ErrorKind::Config, problems.join("; ")).during("build")
    }
}

fn named(option: &str, error: &Error) -> Error {
    Error::new(error.kind(), format!("{option}: {error}"))
}
